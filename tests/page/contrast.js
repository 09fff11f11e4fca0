// Returns the least contrast (WCAG 2) of a text in the page with the ground that it stands on.
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();
const channels = (colour) => {
  if (!known.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    known.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
  }
  return known.get(colour);
};
const light = (rgb) => {
  const [r, g, b] = rgb.map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
let least = 21;
const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("svg, option, select, :disabled")) continue;
  const grounds = [];
  for (let each = node; each; each = each.parentElement) {
    grounds.push(channels(getComputedStyle(each).backgroundColor));
    if (grounds.at(-1)[3] === 255) break;
  }
  const under = grounds.reverse().reduce((below, [r, g, b, a]) => below.map((each, index) => each + ([r, g, b][index] - each) * a / 255), [255, 255, 255]);
  const [one, two] = [light(channels(getComputedStyle(node).color).slice(0, 3)), light(under)];
  least = Math.min(least, (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05));
}
return least;
