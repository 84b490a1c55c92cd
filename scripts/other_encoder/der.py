"""DER (X.690)."""


def tlv(tag, *parts):
    value = b"".join(parts)
    length = len(value)
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    size = bytes([length]) if length < 128 else bytes([0x80 | len(octets)]) + octets
    return tag.to_bytes((tag.bit_length() + 7) // 8) + size + value


def sequence(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *sorted(parts))


def integer(number):
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def octets(value):
    return tlv(0x04, value)


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return tlv(0x06, bytes(out))


def algorithm(dotted, *parameters):
    return sequence(oid(dotted), *parameters)


NULL = tlv(0x05)
