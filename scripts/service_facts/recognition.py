"""Facts about actions that recognize what images show, and about moderation."""

from __future__ import annotations

from service_facts.fact import NOT_DOCUMENTED, Fact, help_page, image

FACTS = {
    "imagerecog.TaggingImage": Fact(
        "Tag what an image shows.",
        parameters={"ImageURL": image()},
        result={"Tags": {"doc": "Tags with their confidence."}},
    ),
    "imagerecog.RecognizeScene": Fact(
        "Recognize the scene of an image.",
        parameters={"ImageURL": image()},
        result={"Tags": {"doc": "Scenes with their confidence."}},
    ),
    "imagerecog.RecognizeImageColor": Fact(
        "Find the main colors of an image.",
        parameters={"Url": image(), "ColorCount": {"doc": "Number of colors."}},
        result={"ColorTemplateList": {"doc": "Colors: value, name and share."}},
    ),
    "imagerecog.RecognizeImageStyle": Fact(
        "Recognize the style of an image.",
        parameters={"Url": image()},
        result={"Styles": {"doc": "Names of styles."}},
    ),
    "imagerecog.DetectImageElements": Fact(
        "Find the parts of a designed image, such as a poster.",
        parameters={"Url": image()},
        result={"Elements": {"doc": "Parts: type, box in pixels and score."}},
    ),
    "imageaudit.ScanImage": Fact(
        "Check images for content that is not allowed.",
        parameters={
            "Scene": {"doc": "What is checked: porn, terrorism, ad, live, logo."},
            "Task": {"doc": "Images to check."},
            "Task.ImageURL": image(),
            "Task.DataId": {"doc": "Name of the image in the result."},
            "Task.Interval": {"doc": "Interval of the checked frames; the SDK states no unit."},
            "Task.MaxFrames": {"doc": "Largest number of checked frames."},
        },
        result={
            "Results": {"doc": "Result of each image."},
            "Results.SubResults": {"doc": "Result of each check."},
            "Results.SubResults.Suggestion": {"doc": f"What to do with the image; {NOT_DOCUMENTED}."},
            "Results.SubResults.Rate": {"doc": "Confidence; the SDK states no range."},
        },
        note=help_page(151941, "Each scene of each image is billed."),
    ),
    "imageaudit.ScanText": Fact(
        "Check texts for content that is not allowed.",
        parameters={
            "Labels": {"doc": "What is checked."},
            "Labels.Label": {"doc": f"One check; {NOT_DOCUMENTED}."},
            "Tasks": {"doc": "Texts to check."},
            "Tasks.Content": {"doc": "Text."},
        },
        result={"Elements": {"doc": "Result of each text."}},
    ),
    "ocr.RecognizeCharacter": Fact(
        "Read the text in an image.",
        parameters={
            "ImageURL": image(),
            "MinHeight": {"doc": "Height of the smallest text, likely in pixels; the SDK states no unit."},
            "OutputProbability": {"doc": "Return the confidence of each line."},
        },
        result={"Results": {"doc": "Lines of text with their places."}},
    ),
}
