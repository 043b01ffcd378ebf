"""The router: the same identity gets the same address, another gets another, as really served."""

from typing import Iterator, Type

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_LL,
    DUID_UUID,
    DHCP6_Advertise,
    DHCP6_InfoRequest,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
    DHCP6OptClientId,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
)
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from tests.rig.dhcp import Router

CARD, OTHER_CARD = "52:54:00:00:00:11", "52:54:00:00:00:12"
ID, OTHER_ID = b"\xff" + b"one" * 6, b"\xff" + b"two" * 6


@pytest.fixture
def router() -> Iterator[Router]:
    yield Router("198.51.100.0/24", "2001:db8:200::/64")


def _told(router: Router, asked: Packet) -> Packet:
    (frame,) = router.hear(bytes(asked))
    return Ether(frame)


def _dhcp(kind: str, *options: object, card: str = CARD) -> Packet:
    return (Ether(src=card, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255")
            / UDP(sport=68, dport=67) / BOOTP(xid=77, chaddr=bytes.fromhex(card.replace(":", "")))
            / DHCP(options=[("message-type", kind), *options, "end"]))


def _offered(router: Router, *options: object, card: str = CARD) -> str:
    return str(_told(router, _dhcp("discover", *options, card=card))[BOOTP].yiaddr)


def _dhcp6(kind: Packet, duid: Packet, iaid: int) -> Packet:
    return (Ether(src=CARD, dst="33:33:00:01:00:02") / IPv6(src="fe80::11", dst="ff02::1:2")
            / UDP(sport=546, dport=547) / kind / DHCP6OptClientId(duid=duid)
            / DHCP6OptIA_NA(iaid=iaid))


def test_a_lease_belongs_to_the_client_identifier_whatever_the_card(router: Router) -> None:
    first = _offered(router, ("client_id", ID))
    assert first == "198.51.100.100"
    assert _offered(router, ("client_id", OTHER_ID)) == "198.51.100.101"
    assert _offered(router, ("client_id", ID), card=OTHER_CARD) == first


def test_without_an_identifier_it_belongs_to_the_card(router: Router) -> None:
    first = _offered(router)
    assert _offered(router, card=OTHER_CARD) != first == _offered(router)


def test_the_lease_is_confirmed_with_its_terms_and_another_address_refused(router: Router) -> None:
    lease = _offered(router, ("client_id", ID))
    ask = ("client_id", ID), ("requested_addr", lease)
    ack = _told(router, _dhcp("request", *ask, ("server_id", "198.51.100.1")))
    terms = {option[0]: option[1] for option in ack[DHCP].options if len(option) == 2}
    assert terms == {"message-type": 5, "server_id": "198.51.100.1", "lease_time": 86400,
                     "subnet_mask": "255.255.255.0", "router": "198.51.100.1"}
    assert (ack[BOOTP].yiaddr, ack[BOOTP].xid) == (lease, 77)
    wrong = _told(router, _dhcp("request", ("client_id", OTHER_ID), ("requested_addr", lease)))
    assert wrong[DHCP].options[0] == ("message-type", 6)
    assert wrong[BOOTP].yiaddr == "0.0.0.0"


def test_who_asks_another_server_or_for_no_address_hears_nothing(router: Router) -> None:
    assert not list(router.hear(bytes(_dhcp("request", ("server_id", "198.51.100.2")))))
    assert not list(router.hear(bytes(_dhcp("release"))))
    ping = Ether(src=CARD) / IP(src="198.51.100.100", dst="198.51.100.1") / ICMP()
    assert not list(router.hear(bytes(ping)))
    assert not list(router.hear(bytes(_dhcp6(DHCP6_InfoRequest(), DUID_LL(lladdr=CARD), 1))))
    assert not router.leases and not router.leases6


def test_a_lease_of_dhcpv6_belongs_to_duid_and_interface(router: Router) -> None:
    duid, other = DUID_LL(lladdr=CARD), DUID_UUID(uuid="3f8a9c1e-0000-4000-8000-000000000001")

    def leased(kind: Packet, duid: Packet, iaid: int, answer: Type[Packet]) -> str:
        told = _told(router, _dhcp6(kind, duid, iaid))
        assert told[answer].trid == kind.trid
        assert told[DHCP6OptIA_NA].iaid == iaid
        assert bytes(told[DHCP6OptClientId].duid) == bytes(duid)
        return str(told[DHCP6OptIAAddress].addr)

    first = leased(DHCP6_Solicit(trid=5), duid, 7, DHCP6_Advertise)
    assert first == "2001:db8:200::64"
    assert leased(DHCP6_Request(trid=6), duid, 7, DHCP6_Reply) == first
    others = {leased(DHCP6_Solicit(trid=8), other, 7, DHCP6_Advertise),
              leased(DHCP6_Solicit(trid=9), duid, 8, DHCP6_Advertise)}
    assert len(others) == 2 and first not in others


def test_a_solicitation_is_told_the_prefix(router: Router) -> None:
    asked = Ether(src=CARD, dst="33:33:00:00:00:02") / IPv6(src="fe80::11", dst="ff02::2", hlim=255)
    told = _told(router, asked / ICMPv6ND_RS())
    assert (told[IPv6].hlim, told[IPv6].dst) == (255, "ff02::1")
    assert told[ICMPv6ND_RA].M == 1 and told[ICMPv6ND_RA].routerlifetime > 0
    prefix = told[ICMPv6NDOptPrefixInfo]
    assert (prefix.prefix, prefix.prefixlen, prefix.A) == ("2001:db8:200::", 64, 1)
