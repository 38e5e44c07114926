import pytest

from egress.addresses import is_address, is_public


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "192.88.98.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:81b::200e"],
)
def test_addresses_of_the_public_internet_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.8", "192.0.2.1", "198.18.0.1",
        "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "3fff::1",
        "100::1", "2001::1", "2001:0:7f00:1::", "2002:7f00:1::1", "2002:808:808::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_no_other_address_may_be_called_however_it_is_written(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "text", ["localhost", "", "8.8.8", "0x7f000001", "2130706433", "127.1", "8.8.8.8 ", "[::1]", "1.2.3.4:80"]
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)
    assert not is_address(text)
