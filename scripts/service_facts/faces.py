"""Facts about the actions of facebody that change images."""

from __future__ import annotations

from service_facts.fact import Fact, image

_OUTPUT = {"ImageURL": {"doc": "Output image."}}

FACTS = {
    "facebody.BlurFace": Fact(
        "Blur the faces in an image.",
        parameters={"ImageURL": image()},
        result={**_OUTPUT, "MaskURL": {"doc": "Mask of the faces."}},
    ),
    "facebody.EnhanceFace": Fact(
        "Restore the faces in an image.",
        parameters={"ImageURL": image()},
        result=_OUTPUT,
    ),
    "facebody.MergeImageFace": Fact(parameters={"MergeInfos.ImageURL": {"type": "file"}}),
    "facebody.BatchAddFaces": Fact(echoes=("ImageURL",)),
    "facebody.RecognizePublicFace": Fact(echoes=("ImageURL",)),
}
