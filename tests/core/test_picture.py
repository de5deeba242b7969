"""Pictures of every kind become digits, with every step told; what is none is refused in words."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnviz.core.datasets import load_digits
from cnnviz.core.errors import CnnvizError
from cnnviz.core.ink import find_ink, otsu, paper_is_light
from cnnviz.core.picture import (
    FORMATS,
    MOST_BYTES,
    Picture,
    PictureError,
    Reading,
    as_png,
    make_image,
    read_picture,
)

SHAPE = (1, 28, 28)


def strokes(height=300, width=400):
    """Ink (0 to 1) of a large 7, not in the middle."""
    ink = np.zeros((height, width))
    ink[50:75, 60:200] = 1
    for row in range(75, 250):
        middle = 190 - (row - 75) // 2
        ink[row, middle - 14 : middle + 14] = 1
    return ink


def as_image(grey):
    return Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def words(made: Picture):
    return [step.words for step in made.steps]


EXPECTED = make_image(read_picture(encoded(as_image(strokes()))), SHAPE).values


def looks_like_the_seven(source, least=0.9):
    made = make_image(read_picture(source), SHAPE)
    assert made.values.shape == SHAPE
    assert made.values.dtype == np.float32
    shifted = (np.roll(EXPECTED, (y, x), (1, 2)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    assert max(np.corrcoef(made.values.ravel(), each.ravel())[0, 1] for each in shifted) > least
    return made


def test_the_seven_is_in_the_box_and_centred():
    values = EXPECTED[0]
    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    assert abs(values.sum(axis=1) @ np.arange(28) / values.sum() - 14) <= 0.51
    assert abs(values.sum(axis=0) @ np.arange(28) / values.sum() - 14) <= 0.51


# Of every kind.


def photo():
    """Dark ink, light from one corner, noise, as a camera has it."""
    y, x = np.mgrid[:300, :400]
    light = 0.95 - 0.45 * np.hypot(x - 40, y - 20) / 500
    noise = np.random.default_rng(0).normal(0, 0.02, (300, 400))
    return light * (1 - 0.6 * strokes()) + noise


def dirty():
    grey, random = 0.95 - 0.8 * strokes(), np.random.default_rng(1)
    for y, x in random.integers(0, (297, 397), (30, 2)):
        grey[y : y + 3, x : x + 3] = 0.2
    return grey


def on_a_table(turn=0):
    """A sheet that does not fill the picture, on dark wood."""
    y, x = np.mgrid[:500, :620]
    wood = 0.25 + 0.05 * np.sin(x / 7 + y / 40)
    sheet = Image.fromarray((255 * (0.9 - 0.7 * strokes())).astype(np.uint8))
    whole = Image.fromarray((255 * wood).astype(np.uint8))
    outline = Image.new("L", sheet.size, 255).rotate(turn, expand=True)
    whole.paste(sheet.rotate(turn, expand=True), (90, 70), outline)
    return encoded(whole, "JPEG")


def transparent():
    pixels = np.zeros((300, 400, 4), np.uint8)  # black everywhere, seen only where there is ink
    pixels[..., 3] = 255 * strokes()
    return Image.fromarray(pixels)


def rotated_by_camera():
    image = as_image(1 - strokes()).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 270°
    return encoded(image.convert("RGB"), "JPEG", exif=exif, quality=95)


def animated():
    frames = [as_image(1 - strokes()), as_image(np.zeros((300, 400)))]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def sixteen_bits():
    return encoded(Image.fromarray((65535 * (1 - 0.8 * strokes())).astype(np.uint16)))


KINDS = {
    "light ink": lambda: encoded(as_image(strokes())),
    "dark ink": lambda: encoded(as_image(1 - strokes())),
    "JPEG": lambda: encoded(as_image(1 - strokes()).convert("RGB"), "JPEG"),
    "a photo": lambda: encoded(as_image(photo()).convert("RGB"), "JPEG"),
    "on a table": on_a_table,
    "askew on a table": lambda: on_a_table(3),
    "dirt": lambda: encoded(as_image(dirty())),
    "transparent": lambda: encoded(transparent()),
    "grey and transparent": lambda: encoded(transparent().convert("LA")),
    "a palette": lambda: encoded(as_image(1 - strokes()).convert("RGB").quantize(8)),
    "black and white": lambda: encoded(as_image(1 - strokes()).convert("1")),
    "16 bits": sixteen_bits,
    "CMYK": lambda: encoded(as_image(1 - strokes()).convert("CMYK"), "JPEG"),
    "CMYK TIFF": lambda: encoded(as_image(1 - strokes()).convert("CMYK"), "TIFF"),
    "32 bits": lambda: encoded(as_image(1 - strokes()).convert("I"), "TIFF"),
    "floats": lambda: encoded(Image.fromarray((1 - strokes()).astype(np.float32)), "TIFF"),
    "BMP": lambda: encoded(as_image(1 - strokes()), "BMP"),
    "WebP": lambda: encoded(as_image(1 - strokes()).convert("RGB"), "WEBP"),
    "PGM": lambda: encoded(as_image(1 - strokes()), "PPM"),
    "turned by the camera": rotated_by_camera,
    "animated": animated,
    "blue ink": lambda: encoded(
        Image.merge("RGB", (*2 * [as_image(1 - strokes())], as_image(1 - 0.3 * strokes())))
    ),
    "from the clipboard": lambda: as_image(1 - strokes()).convert("RGBA"),
    "large": lambda: encoded(as_image(1 - strokes()).resize((2800, 2100))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_picture_is_read(kind):
    looks_like_the_seven(KINDS[kind]())


def test_a_file_is_read(tmp_path):
    file = tmp_path / "seven.png"
    file.write_bytes(encoded(as_image(strokes())))
    looks_like_the_seven(file)


def test_the_steps_are_told_in_their_order():
    assert words(make_image(read_picture(encoded(as_image(1 - strokes()))), SHAPE)) == [
        "read: 400×300",
        "made grey",
        "inverted: the ink was dark",
        "ink: above 0.50",
        "cropped to 144×200",
        "scaled to 14×20",
        words_of_moving(),
    ]


def words_of_moving():
    return words(make_image(read_picture(encoded(as_image(strokes()))), SHAPE))[-1]


def test_light_ink_is_not_inverted_and_uneven_light_is_told():
    assert not any("inverted" in each for each in words(looks_like_the_seven(KINDS["light ink"]())))
    told = words(looks_like_the_seven(KINDS["a photo"]()))
    assert "uneven light taken away" in told
    assert not any("sheet" in each for each in told)
    assert any("sheet" in each for each in words(looks_like_the_seven(on_a_table())))
    assert any("without specks" in each for each in words(looks_like_the_seven(KINDS["dirt"]())))


def test_every_step_is_a_picture():
    made = looks_like_the_seven(KINDS["a photo"]())
    for step in made.steps:
        assert step.picture.ndim == 3
        assert 0 <= step.picture.min() <= step.picture.max() <= 1
    np.testing.assert_array_equal(made.steps[-1].picture, made.values)


@pytest.mark.parametrize("invert", [False, True])
def test_no_digit_is_taken_for_a_sheet_of_paper(invert):
    for image in load_digits().test.images[:360]:
        rows, columns = image[0].any(axis=1), image[0].any(axis=0)
        close = image[0][rows][:, columns].repeat(8, axis=0).repeat(8, axis=1)
        found = find_ink(np.repeat((1 - close if invert else close)[None], 3, axis=0))
        assert not any("sheet" in step.words for step in found.steps)


def test_a_thin_pen_is_made_as_thick_as_a_digits():
    ink = np.zeros((400, 400))
    ink[50:350, 199:202] = 1
    ink[50:53, 120:280] = 1
    made = make_image(read_picture(encoded(as_image(1 - ink))), SHAPE)
    assert any("times as thick" in each for each in words(made))
    assert made.values.max() > 0.9


def test_digits_of_the_data_set_come_back():
    """Whatever they were normalised to, a picture of one is that one, moved at most."""
    for image in load_digits().test.images[:20]:
        source = Image.fromarray((image[0] * 255).astype(np.uint8))
        made = make_image(read_picture(encoded(source)), SHAPE)
        assert made.values.sum() > 0.5 * image.sum()


@pytest.mark.parametrize("channels", [1, 4])
def test_networks_of_other_channels_get_grey_in_each(channels):
    made = make_image(read_picture(encoded(as_image(strokes()))), (channels, 16, 16))
    assert made.values.shape == (channels, 16, 16)
    assert (made.values == made.values[0]).all()


@pytest.mark.parametrize("size", [(60, 40), (40, 60), (32, 32), (5, 5), (1, 1)])
def test_a_network_of_colours_gets_the_middle_as_it_is(size):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    made = make_image(read_picture(encoded(Image.fromarray(pixels))), (3, 32, 32))
    assert made.values.shape == (3, 32, 32)
    assert made.values.dtype == np.float32
    side = min(size)
    assert words(made)[1:] == [f"cropped to {side}×{side}", "scaled to 32×32"]
    if size == (32, 32):
        np.testing.assert_allclose(made.values, pixels.transpose(2, 0, 1) / 255, atol=1e-6)


# What cannot be read.


def chunk(kind, content):
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(side):
    """A PNG of a few bytes that claims to be `side` pixels wide and high."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def whole_png():
    return encoded(as_image(photo()))


BAD = {
    "empty": (b"", "empty"),
    "text": (b"hello, I am no picture", "no picture"),
    "zeros": (bytes(1000), "no picture"),
    "a PDF": (b"%PDF-1.4 ...", "no picture"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
    "only a PNG's beginning": (whole_png()[:8], "."),
    "a PNG cut off": (whole_png()[:3000], "damaged|cut off|cannot be read"),
    "a JPEG cut off": (encoded(as_image(photo()), "JPEG")[:900], "damaged|cut off|cannot be read"),
    "a GIF cut off": (animated()[:40], "damaged|cut off|no picture|cannot be read"),
    "no pixels at all": (bomb(0), "no picture|damaged|cannot be read"),
    "a bomb": (bomb(50_000), "too large"),
    "a lesser bomb": (bomb(10_000), "too large"),
    "a small bomb": (bomb(8_000), "too large"),
    "a PNG without content": (bomb(30), "damaged|cut off|cannot be read"),
    "a JPEG's head alone": (b"\xff\xd8\xff\xe0", "no picture|damaged|cannot be read"),
    "a wrong checksum": (
        whole_png()[:40] + b"\0\0\0\0" + whole_png()[44:],
        "damaged|cut off|no picture|cannot be read",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_refused_in_words(kind):
    content, told = BAD[kind]
    with pytest.raises(PictureError, match=told):
        read_picture(content)


def test_random_bytes_after_a_good_beginning_do_no_harm():
    random, whole = np.random.default_rng(0), bytearray(whole_png())
    for _ in range(100):
        damaged = bytearray(whole)
        for place in random.integers(8, len(whole), 5):
            damaged[place] = random.integers(256)
        with contextlib.suppress(PictureError):
            assert read_picture(bytes(damaged)).shape[0] == 3


BLANK = {
    "white": np.full((200, 300), 1.0),
    "black": np.zeros((200, 300)),
    "noise": np.random.default_rng(0).normal(0.8, 0.05, (200, 300)),
    "light from one side": np.tile(np.linspace(0.2, 1, 300), (200, 1)),
    "one pixel": np.ones((1, 1)),
    "a line of pixels": np.full((1, 40), 0.5),
    "hardly any contrast": 0.9 - 0.03 * strokes(),
}


@pytest.mark.parametrize("kind", BLANK)
def test_plain_paper_is_told(kind):
    with pytest.raises(PictureError, match="Nothing was found.*darker pen"):
        make_image(read_picture(encoded(as_image(BLANK[kind]))), SHAPE)


def test_files_that_are_none(tmp_path):
    with pytest.raises(PictureError, match="not there"):
        read_picture(tmp_path / "missing.png")
    with pytest.raises(PictureError, match="folder"):
        read_picture(tmp_path)
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(PictureError, match="too large"):
        read_picture(large)


def test_a_picture_error_is_one_the_user_can_mend():
    assert issubclass(PictureError, CnnvizError)
    assert not {"EPS", "PSD", "WMF", "PDF"} & set(FORMATS)


def test_floats_that_are_no_numbers():
    values = np.full((9, 9), np.nan, np.float32)
    with pytest.raises(PictureError, match="no numbers"):
        read_picture(encoded(Image.fromarray(values), "TIFF"))


# Parts.


def test_otsu_parts_two_classes():
    assert 0.2 < otsu(np.array([0.1, 0.2, 0.8, 0.9])) <= 0.8
    assert otsu(np.full(9, 0.3)) == pytest.approx(0.3)


def test_polarity_is_found_in_uneven_light():
    assert paper_is_light(photo())
    assert not paper_is_light(1 - photo())


def test_no_ink_is_none():
    assert find_ink(np.ones((3, 20, 20), np.float32)) is None


def test_a_png_holds_the_very_pixels():
    grey, colour = (
        np.random.default_rng(0).integers(0, 256, (n, 28, 20)).astype(np.float32) / 255
        for n in (1, 3)
    )
    for values in (grey, colour):
        image = Image.open(io.BytesIO(as_png(values)))
        assert image.size == (20, 28)
        pixels = np.asarray(image, np.float32) / 255
        np.testing.assert_allclose(pixels.reshape(28, 20, -1).transpose(2, 0, 1), values, atol=1e-6)


# On its thread.


def finished(source):
    reading = Reading(source, SHAPE)
    reading.start()
    assert reading.join(30)
    return reading.standing


def test_reading_ends_with_a_picture_or_with_words():
    standing = finished(encoded(as_image(strokes())))
    assert standing.ended
    np.testing.assert_array_equal(standing.picture.values, EXPECTED)
    standing = finished(b"no picture")
    assert standing.ended
    assert standing.picture is None
    assert "no picture" in standing.failure[0]
    assert standing.failure[1] == ""


def test_a_cancelled_reading_brings_nothing():
    reading = Reading(encoded(as_image(strokes())), SHAPE)
    reading.cancel()
    reading.start()
    assert reading.join(30)
    assert reading.standing.ended
    assert reading.standing.picture is None
