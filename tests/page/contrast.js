// Returns the least contrast (WCAG 2) of a text in the page with the ground that it stands on.
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const drawn = new Map();
const channels = (colour) => {
  if (!drawn.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    drawn.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
  }
  return drawn.get(colour);
};
const luminance = (channelsOfColour) => {
  const [red, green, blue] = channelsOfColour
    .map((channel) => channel / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
// Paints a colour that may be translucent over an opaque one.
const over = (below, [red, green, blue, alpha]) =>
  [red, green, blue].map((channel, index) => {
    const ground = below[index];
    return ground + ((channel - ground) * alpha) / 255;
  });
let least = 21;
const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const parent = walker.currentNode.parentElement;
  const blank = !walker.currentNode.data.trim() || !parent.checkVisibility();
  if (blank || parent.closest("svg, option, select, :disabled")) continue;
  const grounds = [];
  for (let element = parent; element; element = element.parentElement) {
    grounds.push(channels(getComputedStyle(element).backgroundColor));
    if (grounds.at(-1)[3] === 255) break;
  }
  const ground = luminance(grounds.reverse().reduce(over, [255, 255, 255]));
  const text = luminance(channels(getComputedStyle(parent).color).slice(0, 3));
  least = Math.min(least, (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05));
}
return least;
