#!/usr/bin/env python3
"""Draws the faces of people who do not exist, for tests and demos.

    render.py canonical_face_model.obj OUT

The shape is MediaPipe's canonical face mesh (Apache-2.0, The MediaPipe Authors), bent by numbers that are made up for
each person; skin, hair, eyes and light are computed. OUT/NAME gets `portrait.jpg` and `portrait.jp2`, as a chip has them,
and the frames of a capture: `STEP-N.jpg`. The same program gives the same pictures. Needs numpy and Pillow.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
BROWS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LOWER_INNER = INNER_LIPS[1:10]
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)

# Pixels of the texture for one unit of the mesh (about a centimetre), and where its middle is.
TEXELS = 48
TEXTURE = 1024

# Numbers drawn at random; of 38 people these two are told apart well.
PEOPLE = {
    "ada": dict(
        seed=93, skin=(96, 62, 46), lips=(74, 38, 31), iris=(88, 120, 74), hair=(92, 60, 34), brow=0.44, beard=0.0,
        age=0.42, freckles=0.0, width=1.08, jaw=-0.78, nose=(1.76, -0.58), eyes=(-0.15, 1.4), brows=0.49,
        mouth=(1.3, 0.94), chin=0.23, cheek=0.16, long_hair=True, shirt=(106, 90, 90),
    ),
    "bruno": dict(
        seed=219, skin=(226, 178, 150), lips=(174, 96, 90), iris=(52, 34, 22), hair=(120, 52, 24), brow=1.28, beard=0.67,
        age=0.92, freckles=0.0, width=0.87, jaw=1.11, nose=(0.73, 0.12), eyes=(-0.2, 1.37), brows=-0.04,
        mouth=(1.06, 1.46), chin=-0.55, cheek=0.22, long_hair=True, shirt=(125, 90, 90),
    ),
}


def load(path):
    vertices, faces = [], []
    for line in Path(path).read_text().splitlines():
        parts = line.split()
        if parts[:1] == ["v"]:
            vertices.append([float(x) for x in parts[1:4]])
        elif parts[:1] == ["f"]:
            faces.append([int(x.split("/")[0]) - 1 for x in parts[1:4]])
    return np.array(vertices), np.array(faces)


def bump(points, centre, radius):
    """How near each point is to a centre: 1 there, falling off to 0 smoothly."""
    distance = np.linalg.norm((points - np.asarray(centre)) / np.asarray(radius), axis=1)
    return np.exp(-(distance**2))


def person_shape(base, p):
    v = base.copy()
    v[:, 0] *= p["width"]
    low = np.clip((-1.0 - base[:, 1]) / 7.0, 0, 1)
    v[:, 0] *= 1 + 0.16 * p["jaw"] * low
    v[:, 1] -= p["chin"] * np.clip((-5.0 - base[:, 1]) / 4.0, 0, 1)
    nose = bump(base, (0, -0.9, 6.4), (1.7, 1.6, 3.0))
    v[:, 0] += base[:, 0] * nose * (p["nose"][0] - 1)
    v[:, 2] += nose * 0.9 * (p["nose"][0] - 1)
    v[:, 1] += nose * p["nose"][1]
    for side in (-1, 1):
        eye = bump(base, (side * 3.2, 2.6, 4.0), (2.2, 1.6, 4.0))
        v[:, 0] += eye * side * p["eyes"][0]
        v[:, 1] += eye * (base[:, 1] - 2.6) * (p["eyes"][1] - 1)
        v[:, 1] += bump(base, (side * 3.5, 5.0, 5.0), (3.0, 1.0, 5.0)) * p["brows"]
        v += bump(base, (side * 5.2, -0.8, 3.0), (2.0, 2.2, 4.0))[:, None] * np.array([side, 0, 0.5]) * p["cheek"]
    mouth = bump(base, (0, -4.2, 5.3), (3.0, 1.1, 4.0))
    v[:, 0] += base[:, 0] * mouth * (p["mouth"][0] - 1)
    v[:, 1] += (base[:, 1] + 4.1) * mouth * (p["mouth"][1] - 1)
    return v


def express(v, base, smile=0.0, opened=0.0, closed=False):
    v = v.copy()
    if closed:
        for eye in EYES:
            for upper, lower in zip(eye[9:], reversed(eye[1:8])):
                v[upper] = v[lower] + (0, 0.04, 0.05)
    if smile:
        for corner in (61, 291):
            near = bump(base, base[corner], (1.7, 1.3, 3.0))[:, None]
            side = np.sign(base[corner, 0])
            v += near * smile * np.array([0.75 * side, 0.75, -0.25])
            cheek = bump(base, (side * 4.2, -1.0, 4.2), (1.8, 1.6, 3.0))[:, None]
            v += cheek * smile * np.array([0.15 * side, 0.3, 0.35])
    if opened:
        jaw = np.clip((-4.1 - base[:, 1]) / 1.2, 0, 1) * bump(base, (0, -6.5, 4.0), (9.0, 4.5, 12.0))
        inner = np.zeros(len(base))
        inner[list(LOWER_INNER)] = 1
        corners = 1 - np.abs(base[:, 0]) / 2.6
        drop = np.maximum(jaw * np.clip(corners + 0.5, 0, 1), inner * np.clip(corners, 0, 1))
        v[:, 1] -= 2.0 * opened * drop
        for upper in (191, 80, 81, 82, 13, 312, 311, 310, 415):
            v[upper, 1] += 0.25 * opened * max(corners[upper], 0)
    return v


def to_texture(points):
    return [(TEXTURE / 2 + x * TEXELS, TEXTURE / 2 - y * TEXELS) for x, y in points]


def noise(rng, size, cell):
    """Smooth noise of mean 0."""
    small = rng.normal(size=(size // cell + 2, size // cell + 2)).astype(np.float32)
    image = Image.fromarray(small).resize((size, size), Image.BICUBIC)
    return np.asarray(image)


def paint(base, p, closed=False):
    """The colours of a face, seen from the front of the mesh before it is bent."""
    rng = np.random.default_rng(p["seed"])
    skin = np.array(p["skin"], dtype=np.float32)
    colour = np.tile(skin, (TEXTURE, TEXTURE, 1))
    for cell, strength in ((4, 2.0), (16, 2.2), (64, 3.0), (160, 3.0)):
        colour += noise(rng, TEXTURE, cell)[:, :, None] * strength * np.array([1.0, 1.1, 1.1])

    def tone(shape, amount, blur):
        mask = Image.new("L", (TEXTURE, TEXTURE))
        shape(ImageDraw.Draw(mask))
        soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(blur)), dtype=np.float32)[:, :, None] / 255
        colour[:] = colour * (1 - soft * (1 - np.asarray(amount)))

    def cover(shape, value, blur, strength=1.0):
        mask = Image.new("L", (TEXTURE, TEXTURE))
        shape(ImageDraw.Draw(mask))
        soft = strength * np.asarray(mask.filter(ImageFilter.GaussianBlur(blur)), dtype=np.float32)[:, :, None] / 255
        colour[:] = colour * (1 - soft) + np.asarray(value) * soft

    def polygon(indices, grow=1.0, shift=(0, 0)):
        points = base[list(indices), :2]
        middle = points.mean(axis=0)
        points = middle + (points - middle) * np.asarray(grow) + shift
        return lambda draw: draw.polygon(to_texture(points), fill=255)

    def disc(centre, radius):
        (x, y), r = to_texture([centre])[0], np.broadcast_to(np.asarray(radius) * TEXELS, 2)
        return lambda draw: draw.ellipse((x - r[0], y - r[1], x + r[0], y + r[1]), fill=255)

    def line(points, width):
        return lambda draw: draw.line(to_texture(points), fill=255, width=int(width * TEXELS), joint="curve")

    def eyebrow(brow, middle):
        cover(polygon(brow, (1.0, p["brow"])), np.array(p["hair"]) * 0.75, 6, min(p["brow"], 1.0) * 0.95)
        area = base[list(brow), :2]
        for along, across in rng.uniform(-1, 1, size=(140, 2)):
            at = area.mean(axis=0) + np.array([along, across * 0.4 * p["brow"]]) * np.ptp(area, axis=0) / 2
            one_hair(colour, [at, at + (0.22 * np.sign(middle[0]), 0.12)], np.array(p["hair"]) * 0.6, 0.5)

    def stubble(where, strength, blur=14):
        cover(where, np.array(p["hair"]) * 0.8 + 10, blur, strength)

    for side in (-1, 1):
        tone(disc((side * 4.4, -1.4), (1.9, 1.5)), (1.03, 0.9, 0.9), 34)
        tone(line([(side * 1.9, -1.3), (side * 2.7, -2.6), (side * 3.1, -3.9)], 0.2), 0.86, 9)
        tone(disc((side * 0.75, -1.95), (0.36, 0.2)), (0.42, 0.36, 0.36), 4)
        tone(line([(side * 1.45, -0.9), (side * 1.65, -1.5), (side * 1.3, -2.0)], 0.16), 0.8, 6)
        tone(line([(side * 0.9, 3.2), (side * 1.1, 1.4), (side * 0.9, 0.3)], 0.7), 0.94, 20)
    tone(disc((0, -2.6), (0.22, 0.5)), 0.93, 7)
    if p["beard"]:
        jaw = [(-7.6, -0.5), (-7.4, -4), (-5.5, -8.4), (0, -10.5), (5.5, -8.4), (7.4, -4), (7.6, -0.5), (6.4, -2.5),
               (3.6, -3.2), (1.6, -2.9), (0, -2.8), (-1.6, -2.9), (-3.6, -3.2), (-6.4, -2.5)]
        stubble(lambda draw: draw.polygon(to_texture(jaw), fill=255), p["beard"])
    for line_of_age in range(int(3 * p["age"])):
        height = 5.4 + 0.8 * line_of_age
        tone(line([(-3.6, height), (-1.5, height + 0.25), (1.5, height + 0.25), (3.6, height)], 0.12), 0.8, 4)
    for side in (-1, 1):
        tone(line([(side * 1.9, -1.3), (side * 2.9, -2.6), (side * 3.3, -4.4)], 0.25), 1 - 0.3 * p["age"], 7)
        tone(line([(side * 2.0, 1.7), (side * 3.2, 1.35), (side * 4.4, 1.8)], 0.3), 1 - 0.3 * p["age"], 8)
        for fold in (-0.4, 0.1, 0.6):
            tone(line([(side * 5.0, 2.6), (side * 6.2, 2.6 + fold)], 0.09), 1 - 0.25 * p["age"], 3)
    spots = [disc(at, rng.uniform(0.05, 0.12)) for at in rng.normal(size=(160, 2)) * (2.6, 0.9) + (0, 0.2)]
    tone(lambda draw: [spot(draw) for spot in spots[: int(160 * p["freckles"])]], (0.8, 0.68, 0.6), 2)
    tone(disc((0, -5.6), (1.5, 0.3)), 0.88, 12)
    tone(disc((0, -1.0), (0.9, 0.7)), (1.04, 0.95, 0.95), 16)
    for eye, brow in zip(EYES, BROWS):
        points = base[list(eye), :2]
        middle = points.mean(axis=0)
        if closed:
            rim = base[list(eye[:9]), :2]
            tone(polygon(eye, (1.3, 2.0)), 1.06, 14)
            cover(line(rim - (0, 0.06), 0.3), (30, 20, 18), 2.5, 0.95)
            eyebrow(brow, middle)
            continue
        tone(polygon(eye, (1.35, 2.3)), 0.86, 12)
        tone(polygon(eye, (1.15, 1.6)), 0.8, 5)
        cover(polygon(eye, (1.0, 1.05)), (226, 222, 218), 2)
        radius = 0.58
        cover(disc(middle + (0, 0.03), radius), np.array(p["iris"]) * 0.55, 2)
        cover(disc(middle + (0, 0.03), radius * 0.82), p["iris"], 3)
        cover(disc(middle + (0, 0.03), radius * 0.42), (10, 8, 8), 2)
        cover(disc(middle + (0.18, 0.24), 0.11), (250, 250, 250), 1.5)
        # What the iris covers of the skin above and below is given back.
        upper, lower = base[list(eye[8:] + eye[:1]), :2], base[list(eye[:9]), :2]
        for lid, away in ((upper, 0.34), (lower, -0.34)):
            cover(line(lid + (0, away), 0.5), skin * 0.84, 4)
        cover(line(upper + (0, 0.05), 0.15), (34, 24, 22), 2, 0.95)
        cover(line(lower - (0, 0.02), 0.06), skin * 0.55, 2, 0.8)
        tone(line(upper + (0, 0.5), 0.1), 0.78, 4)
        eyebrow(brow, middle)
    cover(polygon(OUTER_LIPS, (1.0, 1.0)), p["lips"], 4, 0.85)
    tone(line(base[[61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291], :2] - (0, 0.25), 0.3), 0.9, 5)
    for half in ((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308), (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)):
        cover(line(base[list(half), :2], 0.09), np.array(p["lips"]) * 0.38, 2.5, 0.9)
    return np.clip(colour, 0, 255)


def one_hair(colour, points, value, strength):
    (x0, y0), (x1, y1) = to_texture(points)
    box = (int(min(x0, x1)) - 4, int(min(y0, y1)) - 4, int(max(x0, x1)) + 5, int(max(y0, y1)) + 5)
    small = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(small).line((x0 - box[0], y0 - box[1], x1 - box[0], y1 - box[1]), fill=255, width=2)
    soft = strength * np.asarray(small.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32)[:, :, None] / 255
    part = colour[box[1] : box[3], box[0] : box[2]]
    part[:] = part * (1 - soft) + value * soft


def ellipsoid(centre, radii, rows=36, columns=72):
    theta = np.linspace(0.001, np.pi - 0.001, rows)
    phi = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    t, f = np.meshgrid(theta, phi, indexing="ij")
    unit = np.stack([np.sin(t) * np.sin(f), np.cos(t), np.sin(t) * np.cos(f)], axis=-1).reshape(-1, 3)
    faces = []
    for r in range(rows - 1):
        for c in range(columns):
            a, b = r * columns + c, r * columns + (c + 1) % columns
            faces += [[a, a + columns, b], [b, a + columns, b + columns]]
    return unit * radii + centre, np.array(faces)


def normals(v, faces):
    n = np.zeros_like(v)
    cross = np.cross(v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]])
    for corner in range(3):
        np.add.at(n, faces[:, corner], cross)
    return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)


def rotation(yaw, pitch, roll):
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


class Canvas:
    def __init__(self, width, height, light, distance=62.0, focal=1.06):
        self.width, self.height, self.light = width, height, light / np.linalg.norm(light)
        self.distance, self.focal = distance, focal * height * 2.0
        top = np.array([214, 219, 224], dtype=np.float32)
        rows = np.linspace(1.0, 0.9, height)[:, None, None]
        self.colour = np.tile(top, (height, width, 1)) * rows
        self.depth = np.full((height, width), -1e9)

    def draw(self, v, faces, shade, base_xy=None, texture=None, colours=None, gloss=0.0):
        n = normals(v, faces)
        scale = self.focal / (self.distance - v[:, 2])
        xs = self.width / 2 + v[:, 0] * scale
        ys = self.height * 0.47 - v[:, 1] * scale
        for a, b, c in faces:
            x, y = xs[[a, b, c]], ys[[a, b, c]]
            area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
            if abs(area) < 1e-9:
                continue
            x0, x1 = max(int(x.min()), 0), min(int(x.max()) + 2, self.width)
            y0, y1 = max(int(y.min()), 0), min(int(y.max()) + 2, self.height)
            if x0 >= x1 or y0 >= y1:
                continue
            px, py = np.meshgrid(np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5)
            w1 = ((px - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (py - y[0])) / area
            w2 = ((x[1] - x[0]) * (py - y[0]) - (px - x[0]) * (y[1] - y[0])) / area
            w0 = 1 - w1 - w2
            inside = (w0 >= -1e-4) & (w1 >= -1e-4) & (w2 >= -1e-4)
            z = w0 * v[a, 2] + w1 * v[b, 2] + w2 * v[c, 2]
            inside &= z > self.depth[y0:y1, x0:x1]
            if not inside.any():
                continue
            weights = np.stack([w0[inside], w1[inside], w2[inside]], axis=1)
            normal = weights @ n[[a, b, c]]
            normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
            if texture is not None:
                at = weights @ base_xy[[a, b, c]]
                tx = np.clip(TEXTURE / 2 + at[:, 0] * TEXELS, 0, TEXTURE - 1.001)
                ty = np.clip(TEXTURE / 2 - at[:, 1] * TEXELS, 0, TEXTURE - 1.001)
                albedo = texture[ty.astype(int), tx.astype(int)]
            else:
                albedo = weights @ colours[[a, b, c]]
            lit = np.clip(normal @ self.light, 0, 1)
            facing = np.clip(normal[:, 2], 0, 1)
            half = self.light + np.array([0, 0, 1.0])
            half /= np.linalg.norm(half)
            shine = gloss * np.clip(normal @ half, 0, 1) ** 24
            value = albedo * (shade + (1 - shade) * (0.72 * lit + 0.28 * facing))[:, None] + 255 * shine[:, None]
            block = self.colour[y0:y1, x0:x1]
            block[inside] = value
            self.depth[y0:y1, x0:x1][inside] = z[inside]


def hair_colours(v, p, rng):
    strand = np.sin(v[:, 0] * 9 + v[:, 2] * 3) * 8 + rng.normal(size=len(v)) * 5
    return np.clip(np.array(p["hair"]) + strand[:, None], 0, 255)


def picture(mesh, p, texture, size, rng, yaw=0.0, pitch=0.0, roll=0.0, shift=(0.0, 0.0, 0.0), gain=1.0, grain=2.0, **face):
    base, faces = mesh
    turn = rotation(yaw, pitch, roll)
    pivot = np.array([0, -4, -5.0])

    def place(v):
        return (v - pivot) @ turn.T + pivot + shift

    canvas = Canvas(size[0] * 2, size[1] * 2, np.array([-0.35, 0.5, 1.0]))
    shape = express(person_shape(base, p), base, **face)
    wide = p["width"]
    # The face goes on to the sides and under the chin, in the colour of its rim.
    skull, skull_faces = ellipsoid(np.array([0, 0.8, -3.6]), np.array([7.9 * wide, 9.4, 7.6]))
    skin = np.tile(np.array(p["skin"], dtype=float) * 0.93, (len(skull), 1))
    canvas.draw(place(skull), skull_faces, 0.42, colours=skin)
    for side in (-1, 1):
        ear, ear_faces = ellipsoid(np.array([side * 8.1 * wide, 0.6, -3.4]), np.array([0.7, 2.0, 1.3]), 16, 24)
        canvas.draw(place(ear), ear_faces, 0.42, colours=np.tile(np.array(p["skin"]) * 0.88, (len(ear), 1)))
    neck, neck_faces = ellipsoid(np.array([0, -12, -4.5]), np.array([4.9 * wide, 9.5, 4.6]))
    canvas.draw(neck + shift, neck_faces, 0.4, colours=np.tile(np.array(p["skin"]) * 0.78, (len(neck), 1)))
    body, body_faces = ellipsoid(np.array([0, -24.5, -6]), np.array([18.5, 10, 7.5]))
    canvas.draw(body + shift, body_faces, 0.45, colours=np.tile(np.array(p["shirt"], dtype=float), (len(body), 1)))
    cap, cap_faces = ellipsoid(np.array([0, 3.4, -4.4]), np.array([8.7 * wide, 8.9, 8.6]), 48, 96)
    unit = (cap - np.array([0, 3.4, -4.4])) / np.array([8.7 * wide, 8.9, 8.6])
    keep = (unit[:, 2] < 0.12) | (unit[:, 1] > 0.62 + 0.1 * np.cos(unit[:, 0] * 3))
    keep &= (cap[:, 1] > -2.5) | (unit[:, 2] < -0.2)
    cap_faces = cap_faces[keep[cap_faces].all(axis=1)]
    canvas.draw(place(cap), cap_faces, 0.4, colours=hair_colours(cap, p, np.random.default_rng(p["seed"])), gloss=0.06)
    if p["long_hair"]:
        for side in (-1, 1):
            lock, lock_faces = ellipsoid(np.array([side * 8.0 * wide, -3.5, -5.2]), np.array([2.1, 11.0, 3.4]))
            colours = hair_colours(lock, p, np.random.default_rng(p["seed"] + 1))
            canvas.draw(place(lock), lock_faces, 0.4, colours=colours, gloss=0.05)
    texture = texture.copy()
    if face.get("opened"):
        mask = Image.new("L", (TEXTURE, TEXTURE))
        ImageDraw.Draw(mask).polygon(to_texture(base[list(INNER_LIPS), :2]), fill=255)
        texture[np.asarray(mask) > 0] = (52, 18, 20)
    canvas.draw(place(shape), faces, 0.42, base_xy=base[:, :2], texture=texture, gloss=0.05)
    image = Image.fromarray(np.clip(canvas.colour, 0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(1.0)).resize(size, Image.LANCZOS)
    pixels = np.asarray(image, dtype=np.float32) * gain + rng.normal(size=(size[1], size[0], 3)) * grain
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


# For each step its pose, and how many frames: two each time that a challenge may ask it.
STEPS = {
    "centre": (dict(), 2),
    "turn-left": (dict(yaw=25.0), 2),
    "turn-right": (dict(yaw=-25.0), 2),
    "smile": (dict(smile=1.0), 4),
    "close-eyes": (dict(closed=True, pitch=16.0), 4),
    "open-mouth": (dict(opened=1.0), 4),
}


def main(mesh_file, out):
    mesh = load(mesh_file)
    for name, p in PEOPLE.items():
        folder = Path(out) / name
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(p["seed"] + 100)
        open_eyes, closed_eyes = paint(mesh[0], p), paint(mesh[0], p, closed=True)
        portrait = picture(mesh, p, open_eyes, (413, 531), rng, grain=1.0, gain=1.04)
        portrait.save(folder / "portrait.jpg", quality=80)
        portrait.save(folder / "portrait.jp2", quality_mode="rates", quality_layers=[40], irreversible=True)
        for step, (pose, frames) in STEPS.items():
            for n in range(1, frames + 1):
                sway = rng.normal(size=3)
                moved = dict(pose, pitch=pose.get("pitch", 0.0) + sway[1], roll=1.5 * sway[2], shift=tuple(rng.normal(size=3) * 0.3))
                moved["yaw"] = pose.get("yaw", 0.0) * (0.9 + 0.1 * (n % 2)) + sway[0]
                texture = closed_eyes if step == "close-eyes" else open_eyes
                frame = picture(mesh, p, texture, (480, 640), rng, gain=0.97 + 0.02 * (n % 3), grain=2.5, **moved)
                frame.save(folder / f"{step}-{n}.jpg", quality=78)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
