"""Questions about address ranges, for the checks of the inventory."""

from ipaddress import ip_network


def cidr_valid(value):
    """Whether the text is a network range without host bits."""
    try:
        ip_network(value)
    except ValueError:
        return False
    return True


def cidr_prefix(value):
    """The length of the prefix."""
    return ip_network(value).prefixlen


def cidr_overlaps(value, other):
    """Whether two ranges have addresses in common."""
    return ip_network(value).overlaps(ip_network(other))


class FilterModule:
    """What Ansible loads."""

    def filters(self):
        """The filters by name."""
        return {"cidr_valid": cidr_valid, "cidr_prefix": cidr_prefix, "cidr_overlaps": cidr_overlaps}
