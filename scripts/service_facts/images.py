"""Facts about the actions of imageenhan."""

from __future__ import annotations

from service_facts.fact import MB, NOT_DOCUMENTED, Fact, fraction, help_page, image

_PLAIN = ["jpeg", "bmp", "png"]
_OUTPUT = {"doc": "Output image."}
_SCORED = {"formats": _PLAIN, "max_bytes": 3 * MB, "min_pixels": [32, 32], "exclusive": True}
_RECOLORING = {
    "Mode": {
        "type": "choice",
        "choices": ["AUTO", "TEMPLATE", "REF_PIC"],
        "doc": "AUTO: choose colors; TEMPLATE: use ColorTemplate; REF_PIC: use the colors of RefUrl.",
        "default": "AUTO",
    },
    "RefUrl": {"doc": "Image whose colors are used, with Mode REF_PIC."},
    "ColorCount": {
        "minimum": 1,
        "maximum": 8,
        "doc": "Number of output images, with Mode AUTO.",
        "default": 1,
    },
    "ColorTemplate": {"min_items": 1, "max_items": 7, "doc": "Main colors, with Mode TEMPLATE."},
    "ColorTemplate.Color": {"doc": "Color in hexadecimal, such as FF0000."},
}
_RECOLORED = {"ImageList": {"items": "file", "doc": "Output images."}}

FACTS = {
    "imageenhan.RemoveImageSubtitles": Fact(
        "Erase subtitles from an image.",
        parameters={
            "ImageURL": image(formats=_PLAIN, max_bytes=3 * MB),
            "BX": fraction("Left edge of the subtitle band, as a fraction of the width.", 0),
            "BY": fraction("Top edge of the subtitle band, as a fraction of the height.", 0.75),
            "BW": fraction("Width of the subtitle band, as a fraction of the width.", 1),
            "BH": fraction("Height of the subtitle band, as a fraction of the height.", 0.25),
        },
        result={"ImageURL": _OUTPUT},
        note=help_page(159090),
    ),
    "imageenhan.RemoveImageWatermark": Fact(
        "Erase watermarks and logos from an image.",
        parameters={"ImageURL": image()},
        result={"ImageURL": _OUTPUT},
    ),
    "imageenhan.ErasePerson": Fact(
        "Erase people from an image.",
        parameters={
            "ImageURL": image(),
            "UserMask": {"doc": "Mask of what is erased, an image of the same size."},
        },
        result={"ImageUrl": _OUTPUT},
    ),
    "imageenhan.MakeSuperResolutionImage": Fact(
        "Enlarge an image and restore details, at once.",
        parameters={
            "Url": image(
                formats=["jpeg", "png", "bmp", "webp", "heic"],
                max_bytes=5 * MB,
                min_pixels=[32, 32],
                max_pixels=[1920, 1080],
            ),
            "Mode": {
                "doc": "base: ordinary; enhancement: sharper; later modes are not listed.",
                "default": "base",
            },
            "UpscaleFactor": {"minimum": 1, "maximum": 4, "doc": "Factor of the enlargement.", "default": 2},
            "OutputFormat": {
                "type": "choice",
                "choices": ["png", "jpg", "bmp"],
                "doc": "Format of the output.",
                "default": "png",
            },
            "OutputQuality": {
                "minimum": 30,
                "maximum": 100,
                "doc": "Quality of the output, with OutputFormat jpg.",
                "default": 95,
            },
        },
        result={"Url": _OUTPUT},
        note=help_page(151947),
    ),
    "imageenhan.GenerateSuperResolutionImage": Fact(
        "Enlarge an image and generate details, as a job.",
        parameters={
            "ImageUrl": image(),
            "Scale": {"doc": "Factor of the enlargement."},
            "OutputFormat": {"doc": "Format of the output."},
            "OutputQuality": {"doc": "Quality of the output."},
            "UserData": {"doc": "The SDK does not state the meaning."},
        },
        result={"ResultUrl": _OUTPUT},
    ),
    "imageenhan.ChangeImageSize": Fact(
        "Reframe an image to another size.",
        parameters={
            "Url": image(),
            "Width": {"minimum": 1, "doc": "Width of the output in pixels."},
            "Height": {"minimum": 1, "doc": "Height of the output in pixels."},
        },
        result={
            "Url": _OUTPUT,
            "RetainLocation": {"doc": "Part of the image that was retained, in pixels."},
        },
    ),
    "imageenhan.EnhanceImageColor": Fact(
        "Correct the colors of an image.",
        parameters={
            "ImageURL": image(),
            "Mode": {"doc": "Kind of the image."},
            "OutputFormat": {"doc": "Format of the output."},
        },
        result={"ImageURL": _OUTPUT},
    ),
    "imageenhan.ColorizeImage": Fact(
        "Color a black-and-white image.",
        parameters={"ImageURL": image()},
        result={"ImageURL": _OUTPUT},
    ),
    "imageenhan.RecolorImage": Fact(
        "Give an image other colors, at once.",
        parameters={
            "Url": image(
                formats=_PLAIN,
                max_bytes=3 * MB,
                min_pixels=[64, 64],
                max_pixels=[1200, 1200],
                exclusive=True,
            ),
            **_RECOLORING,
        },
        result=_RECOLORED,
        note=help_page(151948),
        retired=(
            "Alibaba's help page 151948 says that it is closed to new users and is no longer offered after "
            "2026-04-20"
        ),
    ),
    "imageenhan.RecolorHDImage": Fact(
        "Give a large image other colors, as a job.",
        parameters={
            "Url": image(),
            "Degree": {"doc": f"Strength; {NOT_DOCUMENTED}."},
            "Mode": {"doc": "As RecolorImage's; the SDK states no values for this action."},
            "RefUrl": _RECOLORING["RefUrl"],
            "ColorCount": {"doc": "Number of output images, with Mode AUTO."},
            "ColorTemplate": {"doc": "Main colors, with Mode TEMPLATE."},
            "ColorTemplate.Color": _RECOLORING["ColorTemplate.Color"],
        },
        result=_RECOLORED,
    ),
    "imageenhan.ImitatePhotoStyle": Fact(
        "Transfer the colors and tones of one image to another.",
        parameters={
            "ImageURL": image("Image to change"),
            "StyleUrl": image("Image whose style is used"),
        },
        result={"ImageURL": _OUTPUT},
    ),
    "imageenhan.ExtendImageStyle": Fact(
        "Extend the style of one image to another.",
        parameters={
            "MajorUrl": image("Image to change"),
            "StyleUrl": image("Image whose style is used"),
        },
        result={"Url": _OUTPUT, "MajorUrl": {"doc": "Image; the SDK does not state its meaning."}},
    ),
    "imageenhan.GenerateCartoonizedImage": Fact(
        "Redraw an image as a cartoon, as a job.",
        parameters={
            "ImageUrl": image(),
            "ImageType": {"doc": "Kind of the image."},
            "Index": {"doc": f"Number of the style; {NOT_DOCUMENTED}."},
        },
        result={"ResultUrl": _OUTPUT},
    ),
    "imageenhan.IntelligentComposition": Fact(
        "Propose crops of an image by their composition.",
        parameters={"ImageURL": image(), "NumBoxes": {"doc": "Number of proposals."}},
        result={"Elements": {"doc": "Proposals: edges in pixels, and a score."}},
    ),
    "imageenhan.AssessSharpness": Fact(
        "Score the sharpness of an image.",
        parameters={"ImageURL": image(**_SCORED)},
        result={"Sharpness": {"doc": "0 to 1; higher: sharper."}},
        note=help_page(163256),
    ),
    "imageenhan.AssessExposure": Fact(
        "Score the exposure of an image.",
        parameters={"ImageURL": image(**_SCORED)},
        result={"Exposure": {"doc": "0 to 1; higher: brighter."}},
        note=help_page(163255),
    ),
    "imageenhan.AssessComposition": Fact(
        "Score the composition of an image.",
        parameters={"ImageURL": image(**{**_SCORED, "formats": [*_PLAIN, "webp"]})},
        result={"Score": {"doc": "0 to 5; higher: better, good from 3.8."}},
        note=help_page(163254),
    ),
}
