# %%
from PIL import Image, ImageDraw, ImageFilter
import numpy as np

# %%
def canvas(width, height, level):
    image = Image.new("L", (width, height), level)
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 90, 90), fill=200)
    draw.rectangle((100, 30, 150, 80), fill=120)
    draw.line((0, 0, width, height), fill=255, width=3)
    return image

# %%
original = canvas(180, 120, 30)
original.save("shapes.png")

# %%
picture = Image.open("shapes.png")
blurred = picture.filter(ImageFilter.GaussianBlur(2))
blurred

# %%
edges = blurred.filter(ImageFilter.FIND_EDGES)
mask = edges.point(lambda p: 255 if p > 40 else 0)
mask

# %%
pixels = np.asarray(mask)
print(picture.mode, picture.size, int((pixels > 0).sum()))

# %% fault: order or hidden state 2
assert "180, 120, 30" in cells[2]
cells[2] = cells[2].replace("180, 120, 30", "180, 120, 60")
