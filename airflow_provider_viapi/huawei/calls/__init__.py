"""Every action as a method with typed arguments, in groups that an editor completes.

What calls is given, so that the same methods serve a client, a hook and a test::

    studio = MetaStudio(client.call)
    job = studio.videos.create(script_id="…", output_asset_config={"asset_name": "Spring"})

A method takes the names on the wire and returns the decoded answer. What each parameter means and which values it may
have stands in the service model, by which every call is checked before it is sent.
"""

from __future__ import annotations

from airflow_provider_viapi.huawei.calls.assets import Assets, Files
from airflow_provider_viapi.huawei.calls.group import Call
from airflow_provider_viapi.huawei.calls.live import Live, Products
from airflow_provider_viapi.huawei.calls.modelling import ImageModels, VoiceModels
from airflow_provider_viapi.huawei.calls.rooms import Rooms, Rules
from airflow_provider_viapi.huawei.calls.speech import Speech, Vocabulary
from airflow_provider_viapi.huawei.calls.vias import Groups, Sources, Tasks
from airflow_provider_viapi.huawei.calls.videos import Cards, Scripts, Videos


class MetaStudio:
    """MetaStudio's actions.

    :ivar assets: pictures, videos, sounds and avatars that MetaStudio keeps
    :ivar files: files of assets: announced, put where the answer says, confirmed
    :ivar scripts: scripts of avatar videos
    :ivar videos: videos of avatars and of people on photos, and subtitles
    :ivar cards: business cards of people who speak
    :ivar rooms: live rooms
    :ivar rules: libraries of rules for replies to viewers
    :ivar live: live tasks: avatars on air
    :ivar products: products that avatars sell on air
    :ivar image_models: image modelling: an avatar made of a person
    :ivar voice_models: voice modelling: a voice made of a person's
    :ivar speech: speech from text
    :ivar vocabulary: how words are read
    """

    def __init__(self, call: Call) -> None:
        self.assets = Assets(call)
        self.files = Files(call)
        self.scripts = Scripts(call)
        self.videos = Videos(call)
        self.cards = Cards(call)
        self.rooms = Rooms(call)
        self.rules = Rules(call)
        self.live = Live(call)
        self.products = Products(call)
        self.image_models = ImageModels(call)
        self.voice_models = VoiceModels(call)
        self.speech = Speech(call)
        self.vocabulary = Vocabulary(call)


class Vias:
    """VIAS's actions.

    :ivar tasks: algorithms that watch
    :ivar sources: what they watch
    :ivar groups: groups of sources
    """

    def __init__(self, call: Call) -> None:
        self.tasks = Tasks(call)
        self.sources = Sources(call)
        self.groups = Groups(call)
