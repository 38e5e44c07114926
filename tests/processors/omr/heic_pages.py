"""Two HEIC files of one page: white, 200 × 300 pixels, a black box at the top left.

They were encoded once (pillow-heif 1.8.1): the decoder that the product has does not write.
"""

import base64
import zlib

UPRIGHT = zlib.decompress(
    base64.b64decode(
        "eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYExLDe1JJEBAhQzUnKKoGyGgszkEgY0oJSZkw82xMWBgREIgYCxCkIDwVogVs7MzEsD80Ci"
        "okBOKhOUl1GWbAhi8hVkluTClVzLLCgqANLbMwuS84F0BVCZMyMzSGgCWJHNB4Y/f3/8YGDgZ04A6pBwYORh/P8fpIAZpIIZhGx2MTkkAiW1"
        "nRgZ0WQWSCoIy1fmLZk069kDxQUHGhgYeBpAEi1JQPXsLowHizYkOQCtEU7OzynKS86pAArzMrAB1TCIZBYXpEL9dgLoWh0gLVCQWZEJEmDm"
        "4OAAUuKZBbmw4AOGCEsjEzMLkLk1NyURFHorNRjXC2u+mSjnFBpdKTBn+zXeqRt4vqg6ldXfTtkwa22D8JM9pe3RGlZn73h8KdI4f49T783p"
        "u95O74JkVmy4qR98tvm1SrfT/3/L1hdoNMjsjEoL/1pfWcfgaXimoG1fxf/kl7cb3jdcei6s7succkGgIQLsadsHcw8ybGBgh4YAA8uSdhgT"
        "gvQUUPlA1NoAAOETgjY="
    )
)
TURNED = zlib.decompress(
    base64.b64decode(
        "eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYFxYW5qSSIDBChmpOQUQdkMBZnJJQxowCQzJx9siIsDAxMDI4jFeBRCA8EEoBgQMIXCRVSA"
        "2CIzMy8NzAPJigI5qWBlQDUZZcmGDEiCjCAlrhWZYOV8BZkluQxQlQwPMguKCoD0gcyC5HwgXQHU68zIXAC2FgRsPjD8+fvjBwMDP3MCUIeE"
        "AyMP4///IAXMIBXMIGSzi8khESip7cTIiCazgLODZ+7PvCWTZj17oLjgQAMDA08DSKIlCaie3YXxYNGGJAegNcLJ+TlFeck5FUBhXgY2oBoG"
        "kcziglSIfxl1gMQJIBYoyKzIBIkwc3BwACnOzKL8EqBNDBKZBbmw4GZkYGRtZGJmaQWypTKLUtOg4nzJKcXJ4PAF+XxPbkoiKCJ6NBjXCyvO"
        "3bri2YmM4Ffyu1LvT0lcUDTR56/9zRWGQAXZIOeaLFgs1XIzlEOs5UX1L5tbrzxEr543qC/gvpdiwSht/kDFWj9avl1TcgmrBIPCAQbGp3f1"
        "vTfHRm4/wND9++b02o1MZrVtyz+ADBI1mLskKL0FGjxoyOEA0D1skIjy9WXQAvI4GBgZhUCyQDezQbwBAPmohGk="
    )
)
"""Stored on its side, as iPhones do: a rotation property, and orientation 6 in its Exif."""
