"""Facts about the actions of facebody that change pictures."""

from __future__ import annotations

from service_facts.fact import Fact, picture

_OUTPUT = {"ImageURL": {"doc": "Output picture."}}

FACTS = {
    "facebody.BlurFace": Fact(
        "Blur the faces in a picture.",
        parameters={"ImageURL": picture()},
        result={**_OUTPUT, "MaskURL": {"doc": "Mask of the faces."}},
    ),
    "facebody.EnhanceFace": Fact(
        "Restore the faces in a picture.",
        parameters={"ImageURL": picture()},
        result=_OUTPUT,
    ),
    "facebody.MergeImageFace": Fact(parameters={"MergeInfos.ImageURL": {"type": "file"}}),
    "facebody.BatchAddFaces": Fact(echoes=("ImageURL",)),
    "facebody.RecognizePublicFace": Fact(echoes=("ImageURL",)),
}
