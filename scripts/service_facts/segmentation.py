"""Facts about the actions of imageseg and about objects in images."""

from __future__ import annotations

from service_facts.fact import MB, Fact, help_page, image

_FORM = {"ReturnForm": {"doc": "Form of the output."}}
_OUTPUT = {"ImageURL": {"doc": "Output image."}}


def _cut_out(summary: str, *, form: bool = True) -> Fact:
    return Fact(summary, parameters={"ImageURL": image(), **(_FORM if form else {})}, result=_OUTPUT)


FACTS = {
    "imageseg.SegmentCommonImage": Fact(
        "Cut out the object in the center of an image.",
        parameters={
            "ImageURL": image(
                formats=["jpeg", "png", "bmp", "webp"],
                max_bytes=3 * MB,
                min_pixels=[32, 32],
                max_pixels=[2000, 2000],
                exclusive=True,
            ),
            "ReturnForm": {
                "type": "choice",
                "choices": ["crop", "mask", "whiteBK"],
                "doc": "crop: without empty borders; mask: black and white; whiteBK: on white; none: the object with "
                "transparency.",
            },
        },
        result=_OUTPUT,
        note=help_page(151960),
    ),
    "imageseg.SegmentHDCommonImage": Fact(
        "Cut out the object in the center of a large image, as a job.",
        parameters={"ImageUrl": image()},
        result={"ImageUrl": {"doc": "Output image."}},
    ),
    "imageseg.SegmentBody": _cut_out("Cut out the people in an image."),
    "imageseg.SegmentHDBody": _cut_out("Cut out the people in a large image.", form=False),
    "imageseg.SegmentCommodity": _cut_out("Cut out the product in an image."),
    "imageseg.SegmentSky": _cut_out("Cut out the sky of an image.", form=False),
    "imageseg.SegmentHead": Fact(
        "Cut out the heads in an image.",
        parameters={"ImageURL": image(), **_FORM},
        result={"Elements": {"doc": "Heads: position in pixels, and image."}},
    ),
    "imageseg.ChangeSky": Fact(
        "Replace the sky of an image.",
        parameters={
            "ImageURL": image("Image to change"),
            "ReplaceImageURL": image("Image with the other sky"),
        },
        result=_OUTPUT,
    ),
    "imageseg.RefineMask": Fact(
        "Refine the edges of a mask by its image.",
        parameters={"ImageURL": image(), "MaskImageURL": image("Mask of the object")},
        result={"Elements": {"doc": "Refined masks."}},
    ),
    "imageseg.ParseFace": Fact(
        "Cut out the parts of the faces in an image.",
        parameters={"ImageURL": image()},
        echoes=("OriginImageURL",),
    ),
    "objectdet.DetectMainBody": Fact(
        "Find the main object of an image.",
        parameters={"ImageURL": image()},
        result={"Location": {"doc": "Box around the object, in pixels."}},
    ),
    "objectdet.DetectObject": Fact(
        "Find the objects in an image.",
        parameters={"ImageURL": image()},
        result={"Elements": {"doc": "Objects: type, box and score."}},
    ),
}
