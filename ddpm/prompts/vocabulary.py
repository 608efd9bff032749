"""What can be drawn, what it is called and where it may stand: the tables that the renderer of scenes paints from and
the random prompts are made of. Plain data, so that the page can have it without the renderer's libraries.
"""

from __future__ import annotations

from ddpm.prompts.subjects import SUBJECTS

HUMANS = ("man", "woman", "boy", "girl", "teen", "guy", "kid")

# What captions call a subject, at least two words each; a word given twice is said twice as often. One of two words is
# drawn as one of one is, so a second word leaves the rest of a seed's captions as they were; a third does not.
SYNONYMS = {
    "man": ("man", "man", "gentleman"),
    "woman": ("woman", "woman", "lady"),
    "boy": ("boy", "boy", "little boy"),
    "girl": ("girl", "girl", "little girl"),
    "teen": ("teen", "teenager"),
    "guy": ("guy", "young man"),
    "kid": ("kid", "child"),
    "dog": ("dog", "dog", "puppy"),
    "cat": ("cat", "cat", "kitten"),
    "fish": ("fish", "little fish"),
    "bird": ("bird", "feathered bird"),
    "horse": ("horse", "horse", "pony"),
    "tiger": ("tiger", "bengal tiger"),
    "wolf": ("wolf", "forest wolf"),
    "panda": ("panda", "panda", "panda bear"),
    "rhino": ("rhino", "rhinoceros"),
    "whale": ("whale", "ocean whale"),
    "dragon": ("dragon", "dragon", "drake"),
    "qilin": ("qilin", "qilin", "kirin"),
    "leviathan": ("leviathan", "leviathan", "sea serpent"),
    "phoenix": ("phoenix", "firebird", "phoenix"),
    "fairy": ("fairy", "fairy", "pixie"),
    "mermaid": ("mermaid", "little mermaid"),
}
# True words that no caption ever says: whether a model trained on the captions knows them shows what its text encoder
# carries over. Evaluation asks for them.
UNSAID = {
    "man": ("fellow",),
    "woman": ("female person",),
    "boy": ("lad",),
    "girl": ("lass",),
    "teen": ("adolescent",),
    "kid": ("youngster",),
    "dog": ("hound", "doggy"),
    "cat": ("kitty", "feline"),
    "fish": ("goldfish",),
    "bird": ("songbird",),
    "horse": ("stallion", "mare"),
    "tiger": ("tigress",),
    "wolf": ("gray timber wolf",),
    "rhino": ("pachyderm",),
    "whale": ("cetacean",),
    "dragon": ("wyvern",),
    "leviathan": ("sea monster", "sea dragon"),
    "fairy": ("sprite",),
    "mermaid": ("siren",),
    "desert": ("sand dunes", "the Sahara"),
    "rainforest": ("a tropical forest",),
    "mountain lake": ("a tarn in the mountains",),
    "snowy mountain": ("an icy peak",),
    "tropical island": ("a beach with palm trees",),
    "deep sea": ("the ocean floor",),
    "night sky": ("the stars",),
    "glacier": ("a wall of ice",),
    "volcano": ("a lava mountain",),
    "aurora borealis": ("the polar lights",),
    "underwater cave": ("a sunken grotto",),
    "savannah": ("the African plains",),
    "coral reef": ("the Great Barrier Reef",),
}
PLURALS = {
    "fish": "fish",
    "little fish": "little fish",
    "tropical fish": "tropical fish",
    "wolf": "wolves",
    "forest wolf": "forest wolves",
    "fairy": "fairies",
    "pixie": "pixies",
    "phoenix": "phoenixes",
    "man": "men",
    "young man": "young men",
    "gentleman": "gentlemen",
    "woman": "women",
    "puppy": "puppies",
    "pony": "ponies",
    "lady": "ladies",
    "qilin": "qilin",
    "kirin": "kirin",
    "child": "children",
    "rhinoceros": "rhinoceroses",
}
# What a subject is seen doing, and the words for it; "" says nothing.
DEED_WORDS = {
    "stand": ("standing", "", ""),
    "walk": ("walking", "walking", ""),
    "run": ("running", "running", ""),
    "gallop": ("galloping", "running", ""),
    "prance": ("prancing", ""),
    "howl": ("howling", "howling", ""),
    "sit": ("sitting", "sitting", ""),
    "perch": ("perched", "standing", ""),
    "eat bamboo": ("eating bamboo", "sitting with a bamboo stick", ""),
    "fly": ("flying", "flying", "soaring", ""),
    "hover": ("flying", "hovering", ""),
    "breathe fire": ("breathing fire", "flying and breathing fire"),
    "swim": ("swimming", "swimming", "floating"),
    "rise": ("rising from the water", "in the water", "emerging from the water"),
    "float": ("floating", "flying"),
    "breach": ("leaping out of the water", "breaching", "jumping out of the water"),
    "charge": ("charging", "running", ""),
    "leap": ("leaping", "jumping", ""),
    "sleep": ("sleeping", "curled up asleep", "sleeping"),
    "dive": ("under water", "diving"),
    "wave": ("waving", "waving hello", ""),
    "cheer": ("with raised arms", "cheering", ""),
    "dance": ("dancing", "dancing", ""),
    "read": ("reading a book", "sitting with a book", "reading"),
    "fish": ("fishing", "fishing with a rod"),
    "umbrella": ("holding an umbrella", "with an umbrella"),
    "lantern": ("holding a lantern", "with a glowing lantern"),
    "balloon": ("holding a balloon", "with a balloon"),
    "none": ("",),
}
FAR_WORDS = ("in the distance", "far away", "in the distance")
SIDE_WORDS = {"left": ("on the left", "at the left"), "right": ("on the right", "at the right")}
COLOUR_WORDS = {"golden": ("golden", "gold"), "grey": ("grey", "gray")}
UNDERWATER = {"deep sea": "deep", "underwater cave": "cave", "coral reef": "shallow"}
PLACE_WORDS = {
    "desert": ("a desert", "a sandy desert", "the desert", "desert dunes"),
    "rainforest": ("a rainforest", "a lush rainforest", "a tropical rainforest", "the jungle"),
    "mountain lake": ("a mountain lake", "a calm mountain lake", "an alpine lake"),
    "snowy mountain": ("a snowy mountain", "snowy mountains", "snow-covered mountains"),
    "tropical island": ("a tropical island", "a tropical island with palm trees", "a palm island"),
    "deep sea": ("the deep sea", "the dark deep sea", "the deep ocean"),
    "night sky": ("a starry night sky", "the night sky", "a night sky full of stars"),
    "glacier": ("a glacier", "a blue glacier", "an icy glacier"),
    "volcano": ("a volcano", "an erupting volcano", "a volcano with flowing lava"),
    "aurora borealis": ("the aurora borealis", "the northern lights", "an aurora borealis"),
    "underwater cave": ("an underwater cave", "a glowing underwater cave", "a sunlit underwater cave"),
    "savannah": ("a savannah", "the African savannah", "a savannah with acacia trees"),
    "coral reef": ("a coral reef", "a colorful coral reef", "a sunlit coral reef"),
}
PLACE_PREP = {
    "desert": "in",
    "rainforest": "in",
    "mountain lake": "by",
    "snowy mountain": "in front of",
    "tropical island": "by",
    "deep sea": "in",
    "night sky": "under",
    "glacier": "by",
    "volcano": "in front of",
    "aurora borealis": "under",
    "underwater cave": "in",
    "savannah": "in",
    "coral reef": "at",
}
AIR_PREP = {
    "mountain lake": "over",
    "tropical island": "over",
    "glacier": "over",
    "aurora borealis": "under",
    "desert": "over",
    "savannah": "over",
    "volcano": "over",
    "snowy mountain": "over",
    "night sky": "in",
    "rainforest": "in",
}
TIME_WORDS = {
    "dawn": ("at dawn", "at sunrise", "in the early morning"),
    "day": ("in daylight", "during the day", "by day"),
    "sunset": ("at sunset", "at golden hour"),
    "dusk": ("at dusk", "at twilight"),
    "night": ("at night", "by night"),
}
WEATHER_WORDS = {
    "clear": (),
    "clouds": ("under fluffy clouds", "with drifting clouds"),
    "overcast": ("under a grey sky", "on an overcast day"),
    "rain": ("in the rain", "in heavy rain"),
    "storm": ("during a thunderstorm", "under a stormy sky", "in a storm"),
    "rainbow": ("with a rainbow", "under a rainbow", "after the rain with a rainbow"),
    "snow": ("in falling snow", "while it snows"),
    "fog": ("in the fog", "in thick mist"),
}
STYLE_WORDS = {
    "storybook": ("storybook illustration", "digital painting", "storybook style"),
    "oil painting": ("oil painting", "painting in oils"),
    "watercolor": ("watercolor painting", "watercolor"),
    "pastel": ("soft pastel colors", "pastel drawing"),
}

WATERSIDE = (
    "mountain lake",
    "tropical island",
    "glacier",
    "aurora borealis",
)  # open water that a creature can rise from
NIGHT_ONLY = ("night sky", "aurora borealis")
NO_SNOW = ("desert", "rainforest", "tropical island", "volcano", "savannah")
SEASONS = ("spring", "summer", "autumn", "winter")
AURORA_NAMES = ("green and blue", "green", "pink and violet")

MALE = ("man", "boy", "guy")
CHILDREN = ("boy", "girl", "kid")
SKINS = ("fair", "tan", "brown", "dark")  # painted, never said
HAIR_COLOURS = ("black", "brown", "blonde", "red", "grey", "white", "pink", "blue")
HAIR_STYLES = {
    "m": ("short", "curly", "swept", "bald"),
    "f": ("long", "bob", "ponytail", "braids", "curly long", "bun"),
}
HAIR_WORDS = {
    "bald": "a bald head",
    "curly": "curly {} hair",
    "bun": "{} hair in a bun",
    "ponytail": "a {} ponytail",
    "braids": "{} braids",
    "bob": "short {} hair",
    "long": "long {} hair",
    "curly long": "long curly {} hair",
    "short": "short {} hair",
    "swept": "{} hair",
}
EYE_COLOURS = ("blue", "green", "brown")
GARMENTS = ("sweater", "jacket", "hoodie", "shirt")  # and dresses
CLOTHES_COLOURS = ("red", "blue", "green", "yellow", "purple", "white", "black", "orange", "pink", "teal")

PLACES = tuple(PLACE_WORDS)
LAND = tuple(place for place in PLACES if place not in UNDERWATER)
CATEGORIES: dict[str, tuple[str, ...]] = {
    "Humans": HUMANS,
    "Animals": tuple(name for name, subject in SUBJECTS.items() if subject.category == "Animals"),
    "Mythical Beings": tuple(name for name, subject in SUBJECTS.items() if subject.category == "Mythical Beings"),
    "Scenery": PLACES,
}

# Pairs never drawn, kept to test whether a model can combine words.
HELD_OUT = frozenset(
    {
        ("tiger", "glacier"),
        ("panda", "desert"),
        ("phoenix", "deep sea"),
        ("horse", "aurora borealis"),
        ("wolf", "tropical island"),
        ("dragon", "rainforest"),
        ("cat", "volcano"),
        ("qilin", "savannah"),
        ("rhino", "mountain lake"),
        ("girl", "coral reef"),
    }
)


def habitat(subject: str) -> str:
    return "land" if subject in HUMANS else SUBJECTS[subject].habitat
