"""Texts that are said, and those of other recordings."""

HARBOUR = (
    "The old harbour was quiet in the morning. Two fishing boats came back before the sun was up, and the men carried "
    "their baskets across the wooden bridge. A child was waiting for them with a yellow dog."
)
MARKET = (
    "Every Friday the farmers bring apples and cheese to the market. They talk about the weather for hours, because the "
    "rain decides what they can sell in the autumn."
)
LETTER = (
    "My dear sister, thank you for the photograph that you sent me in January. I have put it above the kitchen table, "
    "where everybody can see how much your garden has changed."
)
BREAD = (
    "To make the bread, mix the flour with warm water and a little salt. Let it rest for an hour under a cloth, then fold "
    "it several times and bake it until the crust is dark."
)
