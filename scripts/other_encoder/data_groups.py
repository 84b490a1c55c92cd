"""The MRZ (Doc 9303-3, 4.9; Parts 4 and 5) and data groups (Doc 9303-10, 4.7)."""

from der import integer, tlv

# The fields of a holder that have check digits, and their lengths.
FIELDS = (("number", 9), ("birth", 6), ("expiry", 6))


def check_digit(text):
    value = lambda c: 0 if c == "<" else int(c, 36)
    return str(sum(value(c) * (7, 3, 1)[i % 3] for i, c in enumerate(text)) % 10)


def checked(text):
    return text + check_digit(text)


def td3(holder):
    number, birth, expiry = (checked(holder[k].ljust(n, "<")) for k, n in FIELDS)
    optional = checked("ZE184226B".ljust(14, "<"))
    names = f"{holder['surname']}<<{holder['given']}".replace(" ", "<").ljust(39, "<")
    composite = check_digit(number + birth + expiry + optional)
    return f"P<UTO{names}{number}UTO{birth}{holder['sex']}{expiry}{optional}{composite}"


def td1(holder):
    number, birth, expiry = (checked(holder[k].ljust(n, "<")) for k, n in FIELDS)
    upper = f"IRUTO{number}".ljust(30, "<")
    optional = "<" * 11
    composite = check_digit(upper[5:] + birth + expiry + optional)
    names = f"{holder['surname']}<<{holder['given']}".replace(" ", "<").ljust(30, "<")
    return f"{upper}{birth}{holder['sex']}{expiry}UTO{optional}{composite}{names}"


def jpeg(width, height):
    """A grey baseline JPEG: every block has the difference 0 and no AC coefficient, a bit each."""
    segment = lambda marker, data: bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2) + data
    one_code = bytes([1, *[0] * 15, 0])
    blocks = (width + 7) // 8 * ((height + 7) // 8)
    bits = 2 * blocks
    scan = (1 << -bits % 8) - 1
    frame = bytes([8, *height.to_bytes(2), *width.to_bytes(2), 1, 1, 0x11, 0])
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0" + bytes([1, 1, 0, 0, 1, 0, 1, 0, 0])),
            segment(0xDB, bytes([0, *[16] * 64])),
            segment(0xC0, frame),
            segment(0xC4, b"\x00" + one_code),
            segment(0xC4, b"\x10" + one_code),
            segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            scan.to_bytes((bits + 7) // 8),
            b"\xff\xd9",
        )
    )


def dg1(mrz):
    return tlv(0x61, tlv(0x5F1F, mrz.encode("ascii")))


def dg2(width, height, data_tag):
    """ISO/IEC 19794-5:2005 in a CBEFF template, with one feature point."""
    image = jpeg(width, height)
    point = bytes([1, 0x31, 0, 60, 0, 40, 0, 0])
    information = bytes([0, 1, 1, 1, 1, 0, 0, 0, 0, 0, *[0] * 6])
    size = b"".join(n.to_bytes(2) for n in (width, height))
    image_information = b"\x01\x00" + size + bytes([0, 2, 0, 0, 0, 80])
    face_length = 4 + len(information) + len(point) + len(image_information) + len(image)
    record = b"".join(
        (
            b"FAC\x00010\x00",
            (14 + face_length).to_bytes(4),
            (1).to_bytes(2),
            face_length.to_bytes(4),
            information,
            point,
            image_information,
            image,
        )
    )
    created = tlv(0x83, bytes.fromhex("20240601120000"))
    version, kind = tlv(0x80, b"\x01\x01"), tlv(0x81, b"\x02")
    owner, format = tlv(0x87, b"\x01\x01"), tlv(0x88, b"\x00\x08")
    header = tlv(0xA1, version, kind, created, owner, format)
    return tlv(0x75, tlv(0x7F61, integer(1), tlv(0x7F60, header, tlv(data_tag, record))))


def dg11(holder, bcd):
    date = bytes.fromhex(holder["full_birth"]) if bcd else holder["full_birth"].encode()
    fields = {
        0x5F0E: holder["full_name"].encode(),
        0x5F2B: date,
        0x5F11: holder["place"].encode(),
        0x5F12: b"16125551212",
    }
    tags = b"".join(tag.to_bytes(2) for tag in fields)
    return tlv(0x6B, tlv(0x5C, tags), *(tlv(tag, value) for tag, value in fields.items()))


def com(numbers):
    tags = {1: 0x61, 2: 0x75, 11: 0x6B}
    return tlv(0x60, tlv(0x5F01, b"0108"), tlv(0x5F36, b"040000"), tlv(0x5C, bytes(tags[n] for n in numbers)))
