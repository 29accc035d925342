"""Facts about the actions of videorecog, videoseg and ocr that read videos or documents."""

from __future__ import annotations

from service_facts.fact import GB, NOT_DOCUMENTED, Fact, help_page

_VIDEO = {"doc": "Video; the SDK states no formats and limits."}
_FRAMES = {
    "Frames": {"doc": "Pictures of the video."},
    "Frames.Timestamp": {"doc": "Time of the picture; the SDK states no unit."},
    "Width": {"doc": "Width of the video in pixels."},
    "Height": {"doc": "Height of the video in pixels."},
    "InputFile": {"doc": "Address of the video."},
}

FACTS = {
    "videorecog.DetectVideoShot": Fact(
        "Find the shot boundaries of a video.",
        parameters={"VideoUrl": _VIDEO},
        result={
            "ShotFrameIds": {"doc": "Frame ids of the shots; the SDK does not state their meaning."},
        },
    ),
    "videorecog.GenerateVideoCover": Fact(
        "Generate cover images from a video.",
        parameters={
            "VideoUrl": _VIDEO,
            "IsGif": {"doc": "True: animated GIFs; false: still images."},
        },
        result={
            "Outputs": {"doc": "Generated covers."},
            "Outputs.ImageURL": {"doc": "Cover image."},
            "Outputs.Confidence": {"doc": "Confidence; the SDK states no range."},
        },
    ),
    "videorecog.UnderstandVideoContent": Fact(
        "Recognize what a video shows and return tags.",
        parameters={"VideoURL": _VIDEO},
        result={
            "TagInfo": {"doc": "Tags; the SDK does not state their structure."},
            "VideoInfo": {"doc": "Properties of the video."},
            "VideoInfo.Duration": {"doc": "Duration; the SDK states no unit."},
            "VideoInfo.Fps": {"doc": "Frames per second."},
            "VideoInfo.Width": {"doc": "Width in pixels."},
            "VideoInfo.Height": {"doc": "Height in pixels."},
        },
    ),
    "videorecog.SplitVideoParts": Fact(
        "Find the parts of a video, by shots and by topics; the video itself is not cut.",
        parameters={
            "VideoUrl": {
                "doc": "Video.",
                "formats": ["mp4", "avi", "mkv", "mov", "flv", "ts", "mpg", "mxf"],
                "max_bytes": 4 * GB,
                "max_seconds": 3 * 3600,
            },
            "MinTime": {"doc": "Shortest part, likely in seconds; the SDK states no unit."},
            "MaxTime": {"doc": "Longest part, likely in seconds; the SDK states no unit."},
            "Template": {"doc": f"Kind of the video; {NOT_DOCUMENTED}."},
        },
        result={
            "Elements": {"doc": "Parts of the video."},
            "Elements.BeginTime": {"doc": "Beginning of the part."},
            "Elements.EndTime": {"doc": "End of the part."},
            "SplitVideoPartResults": {"doc": "Parts with their topics."},
            "SplitVideoPartResults.By": {"doc": "What the part was found by."},
            "SplitVideoPartResults.Theme": {"doc": "Topic of the part."},
        },
        note=help_page(431784, "It also states 240P to 1440P, which is not checked."),
    ),
    "videorecog.EvaluateVideoQuality": Fact(
        "Score the picture quality of a video.",
        parameters={
            "VideoUrl": {
                "doc": "Video.",
                "formats": ["mp4"],
                "max_bytes": GB,
                "max_pixels": [1920, 1080],
            },
            "Mode": {"doc": f"What is assessed; {NOT_DOCUMENTED}."},
        },
        result={
            "JsonUrl": {"doc": "Report as JSON."},
            "PdfUrl": {"doc": "Report as PDF."},
            "VideoQualityInfo": {"doc": "Scores; the SDK states no ranges."},
            "VideoQualityInfo.MosScore": {"doc": "Predicted mean opinion score of viewers."},
        },
        note=help_page(605883),
    ),
    "videorecog.RecognizeVideoCastCrewList": Fact(
        "Read the credits, the subtitles and other text of a video.",
        parameters={
            "VideoUrl": _VIDEO,
            "Params": {"doc": "What is read, one item for each kind."},
            "Params.Type": {"doc": f"Kind of text; {NOT_DOCUMENTED}."},
        },
        result={
            "CastResults": {"doc": "Credits."},
            "SubtitlesResults": {"doc": "Subtitles."},
            "OcrResultsUrl": {"doc": "All recognized text, as a file.", "optional": True},
            "OcrVideoResultsUrl": {"doc": "Recognized text of the pictures, as a file.", "optional": True},
        },
    ),
    "videoseg.SegmentVideoBody": Fact(
        "Segment the people in a video.",
        parameters={"VideoUrl": _VIDEO},
        result={"VideoUrl": {"doc": "Output video."}},
    ),
    "ocr.RecognizeVideoCharacter": Fact(
        "Read the text in the pictures of a video.",
        parameters={"VideoURL": _VIDEO},
        result={
            **_FRAMES,
            "Frames.Elements": {"doc": "Lines of text in the picture."},
            "Frames.Elements.Text": {"doc": "Recognized text."},
            "Frames.Elements.Score": {"doc": "Confidence; the SDK states no range."},
        },
    ),
    "objectdet.DetectVideoIPCObject": Fact(
        "Find people, vehicles and other objects in the video of a surveillance camera.",
        parameters={
            "VideoURL": _VIDEO,
            "CallbackOnlyHasObject": {"doc": "Return only pictures with an object."},
            "StartTimestamp": {"doc": "Time of the video's beginning; the SDK states no unit."},
        },
        result={
            **_FRAMES,
            "Frames.Elements": {"doc": "Objects in the picture."},
            "Frames.Time": {"doc": "Time of the picture; the SDK states no unit."},
        },
    ),
    "ocr.TrimDocument": Fact(
        "Recognize the text of a document.",
        parameters={
            "FileType": {"doc": f"Type of the document; {NOT_DOCUMENTED}."},
            "FileURL": {"doc": "Document to read."},
            "OutputType": {"doc": f"Type of the output; {NOT_DOCUMENTED}."},
        },
        result={"Content": {"doc": "Recognized text."}},
        retired=(
            "it is in the documents of 2020 and in Alibaba's SDK up to 2.0.16, but no longer in SDK 3.0.0 and later, "
            "so the service may not have it any more"
        ),
    ),
}
