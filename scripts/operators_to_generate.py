"""Which actions of VIAPI have a generated operator, and in which module; read by ``make_operators.py``."""

from __future__ import annotations

MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "videorecog.py": (
        "Video understanding (service videorecog)",
        (
            "videorecog.DetectVideoShot",
            "videorecog.GenerateVideoCover",
            "videorecog.SplitVideoParts",
            "videorecog.UnderstandVideoContent",
            "videorecog.EvaluateVideoQuality",
            "videorecog.RecognizeVideoCastCrewList",
        ),
    ),
    "videoseg.py": ("Video segmentation (service videoseg)", ("videoseg.SegmentVideoBody",)),
    "ocr.py": (
        "Text recognition (service ocr)",
        ("ocr.RecognizeVideoCharacter", "ocr.RecognizeCharacter"),
    ),
    "objectdet.py": (
        "Object detection (service objectdet)",
        ("objectdet.DetectVideoIPCObject", "objectdet.DetectMainBody", "objectdet.DetectObject"),
    ),
    "imageenhan/erasing.py": (
        "Operators that erase parts of an image",
        (
            "imageenhan.RemoveImageSubtitles",
            "imageenhan.RemoveImageWatermark",
            "imageenhan.ErasePerson",
        ),
    ),
    "imageenhan/sizes.py": (
        "Operators that enlarge and reframe images",
        (
            "imageenhan.MakeSuperResolutionImage",
            "imageenhan.GenerateSuperResolutionImage",
            "imageenhan.ChangeImageSize",
            "imageenhan.IntelligentComposition",
        ),
    ),
    "imageenhan/colors.py": (
        "Operators that change colors and style of images",
        (
            "imageenhan.EnhanceImageColor",
            "imageenhan.ColorizeImage",
            "imageenhan.RecolorHDImage",
            "imageenhan.ImitatePhotoStyle",
            "imageenhan.ExtendImageStyle",
            "imageenhan.GenerateCartoonizedImage",
        ),
    ),
    "imageenhan/scores.py": (
        "Operators that score images",
        ("imageenhan.AssessSharpness", "imageenhan.AssessExposure", "imageenhan.AssessComposition"),
    ),
    "imageseg.py": (
        "Segmentation of images (service imageseg)",
        (
            "imageseg.SegmentCommonImage",
            "imageseg.SegmentHDCommonImage",
            "imageseg.SegmentBody",
            "imageseg.SegmentHDBody",
            "imageseg.SegmentHead",
            "imageseg.SegmentCommodity",
            "imageseg.SegmentSky",
            "imageseg.ChangeSky",
            "imageseg.RefineMask",
        ),
    ),
    "imagerecog.py": (
        "Recognition of images (service imagerecog)",
        (
            "imagerecog.TaggingImage",
            "imagerecog.RecognizeScene",
            "imagerecog.RecognizeImageColor",
            "imagerecog.RecognizeImageStyle",
            "imagerecog.DetectImageElements",
        ),
    ),
    "facebody.py": ("Faces in images (service facebody)", ("facebody.BlurFace", "facebody.EnhanceFace")),
    "imagesearch/images.py": (
        "Operators that change the images of an instance of ImageSearch",
        (
            "imagesearch.AddImage",
            "imagesearch.UpdateImage",
            "imagesearch.DeleteImage",
            "imagesearch.CheckImageExists",
        ),
    ),
    "imagesearch/searching.py": (
        "Operators that search in an instance of ImageSearch",
        (
            "imagesearch.SearchImageByPic",
            "imagesearch.SearchImageByName",
            "imagesearch.SearchImageByText",
            "imagesearch.SearchImageByFilter",
            "imagesearch.CompareSimilarByImage",
        ),
    ),
    "imagesearch/tasks.py": (
        "Operators of the bulk jobs of ImageSearch, and its Detail",
        (
            "imagesearch.IncreaseInstance",
            "imagesearch.IncreaseList",
            "imagesearch.DumpMeta",
            "imagesearch.DumpMetaList",
            "imagesearch.Detail",
        ),
    ),
    "imageaudit.py": (
        "Moderation of images and texts (service imageaudit)",
        ("imageaudit.ScanImage", "imageaudit.ScanText"),
    ),
}
"""Module below ``operators/``: subject and actions."""

RENAMED = {("videorecog.RecognizeVideoCastCrewList", "Params"): "text_kinds"}
"""Arguments whose parameter's own name is an argument of every Airflow operator."""
