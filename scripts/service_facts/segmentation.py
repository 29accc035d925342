"""Facts about the actions of imageseg and about objects in pictures."""

from __future__ import annotations

from service_facts.fact import MB, Fact, help_page, picture

_FORM = {"ReturnForm": {"doc": "Form of the output."}}
_OUTPUT = {"ImageURL": {"doc": "Output picture."}}


def _cut_out(summary: str, *, form: bool = True) -> Fact:
    return Fact(summary, parameters={"ImageURL": picture(), **(_FORM if form else {})}, result=_OUTPUT)


FACTS = {
    "imageseg.SegmentCommonImage": Fact(
        "Cut out the object in the center of a picture.",
        parameters={
            "ImageURL": picture(
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
        "Cut out the object in the center of a large picture, as a job.",
        parameters={"ImageUrl": picture()},
        result={"ImageUrl": {"doc": "Output picture."}},
    ),
    "imageseg.SegmentBody": _cut_out("Cut out the people in a picture."),
    "imageseg.SegmentHDBody": _cut_out("Cut out the people in a large picture.", form=False),
    "imageseg.SegmentCommodity": _cut_out("Cut out the product in a picture."),
    "imageseg.SegmentSky": _cut_out("Cut out the sky of a picture.", form=False),
    "imageseg.SegmentHead": Fact(
        "Cut out the heads in a picture.",
        parameters={"ImageURL": picture(), **_FORM},
        result={"Elements": {"doc": "Heads: position in pixels, and picture."}},
    ),
    "imageseg.ChangeSky": Fact(
        "Replace the sky of a picture.",
        parameters={
            "ImageURL": picture("Picture to change"),
            "ReplaceImageURL": picture("Picture with the other sky"),
        },
        result=_OUTPUT,
    ),
    "imageseg.RefineMask": Fact(
        "Refine the edges of a mask by its picture.",
        parameters={"ImageURL": picture(), "MaskImageURL": picture("Mask of the object")},
        result={"Elements": {"doc": "Refined masks."}},
    ),
    "imageseg.ParseFace": Fact(
        "Cut out the parts of the faces in a picture.",
        parameters={"ImageURL": picture()},
        echoes=("OriginImageURL",),
    ),
    "objectdet.DetectMainBody": Fact(
        "Find the main object of a picture.",
        parameters={"ImageURL": picture()},
        result={"Location": {"doc": "Box around the object, in pixels."}},
    ),
    "objectdet.DetectObject": Fact(
        "Find the objects in a picture.",
        parameters={"ImageURL": picture()},
        result={"Elements": {"doc": "Objects: type, box and score."}},
    ),
}
