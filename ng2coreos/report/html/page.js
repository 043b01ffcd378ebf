"use strict";
// The rest of a long table waits to be asked for.
const showAll = (table) => {
  table.querySelector(".later")?.classList.remove("later");
  table.parentElement.parentElement.querySelector(`[data-more="${table.id}"]`)?.remove();
};
document.querySelectorAll(".later").forEach((rest, number) => {
  const table = rest.parentElement, more = document.createElement("button");
  table.id ||= `table-${number}`;
  more.type = "button";
  more.dataset.more = table.id;
  more.textContent = `Show all ${table.rows.length - 1} rows`;
  more.addEventListener("click", () => showAll(table));
  table.parentElement.after(more);
});
for (const form of document.querySelectorAll("[data-filter]")) {
  const all = [...form.parentElement.querySelectorAll("[data-key]")];
  const texts = all.map(() => null);
  const words = form.querySelector("[data-words]");
  const count = form.querySelector("[data-count]");
  const apply = () => {
    const kinds = new Set([...form.querySelectorAll("[data-kind]:checked")].map((box) => box.value));
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    if (wanted.length) form.parentElement.querySelectorAll("table").forEach(showAll);
    all.forEach((one, place) => {
      let seen = kinds.has(one.dataset.key);
      if (seen && wanted.length) {
        texts[place] ??= one.textContent.toLowerCase();
        seen = wanted.every((word) => texts[place].includes(word));
      }
      if (one.hidden === seen) one.hidden = !seen;
      shown += seen;
    });
    count.textContent = `${shown} shown`;
  };
  let waiting = 0;
  const soon = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(apply); };
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
}
const closed = [];
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not([open])")) { one.open = true; closed.push(one); }
});
addEventListener("afterprint", () => { for (const one of closed.splice(0)) one.open = false; });
