"""What is hard to read on a page: texts whose contrast is below the 4.5 that WCAG 2.2 asks for (1.4.3)."""

FAINT_TEXTS = """() => {
  const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3)
    .map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    const clear = parts(colour).length === 4 && parts(colour)[3] === 0;
    return clear ? ground(element.parentElement) : colour;
  };
  const contrast = (element) => {
    const [low, high] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const shown = [...document.body.querySelectorAll("*")].filter((element) =>
    element.matches("textarea, input") ||
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  if (shown.length < 10) throw new Error("this page has hardly a text");
  return shown.filter((element) => contrast(element) < 4.5)
    .map((element) => [element.outerHTML.slice(0, 60), contrast(element)]);
}"""
"""A function for the page: returns each such text with its ratio."""
