"""The router of a VLAN, which gives addresses: DHCP, DHCPv6, and a prefix to make one's own in.

A lease belongs to whoever shows the same identity again, as with a real server: the client
identifier of DHCP (option 61; the hardware address without one), DUID and IAID of DHCPv6.  Another
identity is another client and gets another address.  It answers what it hears and knows no time:
nothing renews a lease while a guest is up.
"""

import ipaddress
from typing import Dict, Iterable, Optional, Tuple, Type

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_Advertise,
    DHCP6_Rebind,
    DHCP6_Renew,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
    DHCP6OptClientId,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
    DHCP6OptServerId,
)
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet

MAC = "52:54:00:00:02:01"
LINK_LOCAL = "fe80::5054:ff:fe00:201"
_ALL_NODES, _ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
_EVERYONE, _EVERYONE_MAC = "255.255.255.255", "ff:ff:ff:ff:ff:ff"
_HOPS = 255  # of a neighbour: an advertisement with less has been forwarded, and is ignored
_FIRST_LEASE = 100  # the host's part of the first client's address
_LEASE_S = 86400
_ROUTER_S = 9000  # the most that an advertisement may say
_DISCOVER, _OFFER, _REQUEST, _ACK, _NAK = 1, 2, 3, 5, 6
_ANSWERS: Dict[Type[Packet], Type[Packet]] = {
    DHCP6_Solicit: DHCP6_Advertise, DHCP6_Request: DHCP6_Reply, DHCP6_Renew: DHCP6_Reply,
    DHCP6_Rebind: DHCP6_Reply}


class Router:
    """A station of the switch; its leases outlive the guest's reboots."""

    def __init__(self, ipv4: str, ipv6: str) -> None:
        """Serve the networks `ipv4` and `ipv6` (a /64)."""
        self.ipv4 = ipaddress.IPv4Network(ipv4)
        self.ipv6 = ipaddress.IPv6Network(ipv6)
        self.gateway = str(self.ipv4[1])
        self.leases: Dict[bytes, str] = {}
        self.leases6: Dict[Tuple[bytes, int], str] = {}

    def hear(self, frame: bytes) -> Iterable[bytes]:
        """Answer a client of DHCP or DHCPv6, and who solicits a router; nobody else."""
        heard = Ether(frame)
        answer: Optional[Packet] = None
        if DHCP in heard:
            answer = self._dhcp(heard[BOOTP])
        elif ICMPv6ND_RS in heard:
            answer = self._advertisement()
        elif DHCP6OptClientId in heard and DHCP6OptIA_NA in heard:
            answer = self._dhcp6(heard)
        return () if answer is None else (bytes(answer),)

    def _dhcp(self, asked: Packet) -> Optional[Packet]:
        options = {option[0]: option[1] for option in asked[DHCP].options if len(option) == 2}
        kind = options["message-type"]
        if (kind not in (_DISCOVER, _REQUEST)
                or options.get("server_id", self.gateway) != self.gateway):
            return None  # it is not asked for an address, or another server is
        identity = options.get("client_id", bytes([asked.htype]) + asked.chaddr[:asked.hlen])
        lease = self.leases.setdefault(identity, str(self.ipv4[_FIRST_LEASE + len(self.leases)]))
        if kind == _DISCOVER:
            return self._answer(asked, _OFFER, lease)
        if options.get("requested_addr", asked.ciaddr) != lease:
            return self._answer(asked, _NAK)
        return self._answer(asked, _ACK, lease)

    def _answer(self, asked: Packet, kind: int, lease: str = "") -> Packet:
        terms = [("lease_time", _LEASE_S), ("subnet_mask", str(self.ipv4.netmask)),
                 ("router", self.gateway)] if lease else []
        to = Ether(src=MAC, dst=_EVERYONE_MAC) / IP(src=self.gateway, dst=_EVERYONE)
        return (to / UDP(sport=67, dport=68)
                / BOOTP(op=2, xid=asked.xid, flags=asked.flags, yiaddr=lease or "0.0.0.0",
                        htype=asked.htype, hlen=asked.hlen, chaddr=asked.chaddr)
                / DHCP(options=[("message-type", kind), ("server_id", self.gateway), *terms,
                                "end"]))

    def _advertisement(self) -> Packet:
        """To all: the prefix to make addresses in, and that DHCPv6 has one too."""
        return (Ether(src=MAC, dst=_ALL_NODES_MAC)
                / IPv6(src=LINK_LOCAL, dst=_ALL_NODES, hlim=_HOPS)
                / ICMPv6ND_RA(M=1, routerlifetime=_ROUTER_S)
                / ICMPv6NDOptSrcLLAddr(lladdr=MAC)
                / ICMPv6NDOptPrefixInfo(prefix=str(self.ipv6.network_address), L=1, A=1,
                                        prefixlen=self.ipv6.prefixlen,
                                        validlifetime=_LEASE_S, preferredlifetime=_LEASE_S))

    def _dhcp6(self, heard: Packet) -> Optional[Packet]:
        asked = next((heard[kind] for kind in _ANSWERS if kind in heard), None)
        if asked is None:
            return None
        duid, iaid = heard[DHCP6OptClientId].duid, heard[DHCP6OptIA_NA].iaid
        lease = self.leases6.setdefault((bytes(duid), iaid),
                                        str(self.ipv6[_FIRST_LEASE + len(self.leases6)]))
        address = DHCP6OptIAAddress(addr=lease, preflft=_LEASE_S, validlft=_LEASE_S)
        return (Ether(src=MAC, dst=heard[Ether].src)
                / IPv6(src=LINK_LOCAL, dst=heard[IPv6].src) / UDP(sport=547, dport=546)
                / _ANSWERS[type(asked)](trid=asked.trid)
                / DHCP6OptClientId(duid=duid) / DHCP6OptServerId(duid=DUID_LL(lladdr=MAC))
                / DHCP6OptIA_NA(iaid=iaid, T1=_LEASE_S // 2, T2=_LEASE_S, ianaopts=[address]))
