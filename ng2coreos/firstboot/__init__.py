"""What runs on CoreOS, with the standard library alone: prove the boot, confirm, go back, finalize.

On NG only `payload` is used: it packs the rest for the Ignition config.
"""

from typing import Tuple

from ng2coreos.model.item import Item
from ng2coreos.model.plan import Plan


def payload(plan: Plan) -> Tuple[Item, ...]:
    """The items that the Ignition config of `plan` must hold besides the plan's own."""
    from ng2coreos.firstboot import parcel  # late: the new system has and needs no packer

    return parcel.payload(plan)
