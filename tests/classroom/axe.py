"""What axe finds in a notebook that is open in JupyterLab: ours, and what JupyterLab brings along."""

import re
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe

OURS = [[".jp-RenderedMarkdown"], [".jp-OutputArea-output"]]
SERIOUS = ("critical", "serious")
# Rule of axe -> what the element's HTML holds, and whose it is. The list gets shorter, never longer.
UPSTREAM = {
    "color-contrast": (r'^<span class="ͼ\w+">', "JupyterLab's colors of code in texts"),
}
EXPOSED = "--LabApp.expose_app_in_browser=True"  # so that a test can give JupyterLab a command
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One element that breaks one rule."""

    rule: str
    impact: str
    html: str
    why: str

    @property
    def upstream(self) -> str | None:
        """Whose it is, None if it is ours."""
        sign, whose = UPSTREAM.get(self.rule, ("$^", ""))
        return whose if re.search(sign, self.html) else None


def findings(page, *, within=OURS):
    """Critical and serious findings in texts and outputs of the notebook."""
    options = {"resultTypes": ["violations"]}
    found = Axe().run(page, context={"include": within}, options=options).response["violations"]
    return [
        Finding(rule=each["id"], impact=each["impact"], html=node["html"], why=node["failureSummary"])
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


# Axe gives up on contrast where cells lie in layers, so it is computed here, as WCAG 2.2 defines it (1.4.3).
CONTRAST = """areas => {
  const numbers = (color) => {
    const canvas = document.createElement("canvas");
    const ink = canvas.getContext("2d", { willReadFrequently: true });
    ink.fillStyle = color;
    ink.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data;
    return [r / 255, g / 255, b / 255, a / 255];
  };
  const known = new Map();
  const read = (color) => known.get(color) ?? known.set(color, numbers(color)).get(color);
  const over = (top, below, share) => below.map((each, i) => share * top[i] + (1 - share) * each);
  const luminance = (rgb) => rgb
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, i) => sum + each * [0.2126, 0.7152, 0.0722][i], 0);
  const paperOf = (element) => {
    if (!element) return [1, 1, 1];
    const style = getComputedStyle(element);
    const [r, g, b, a] = read(style.backgroundColor);
    const below = a * style.opacity < 1 ? paperOf(element.parentElement) : [0, 0, 0];
    return over([r, g, b], below, a * style.opacity);
  };
  const found = [];
  const seen = new Set();
  for (const area of document.querySelectorAll(areas)) {
    const words = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const text = words.currentNode.textContent.trim();
      const element = words.currentNode.parentElement;
      if (!text || seen.has(element) || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest("[disabled], [aria-hidden=true], style, script, option")) continue;
      if (!element.getClientRects().length) continue;
      seen.add(element);
      const style = getComputedStyle(element);
      const paper = paperOf(element);
      const [r, g, b, a] = read(style.color);
      let share = a;
      for (let each = element; each; each = each.parentElement) share *= getComputedStyle(each).opacity;
      const tones = [luminance(over([r, g, b], paper, share)), luminance(paper)];
      const contrast = (Math.max(...tones) + 0.05) / (Math.min(...tones) + 0.05);
      const size = parseFloat(style.fontSize);
      const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
      if (contrast < least) found.push([element.outerHTML.slice(0, 300), contrast.toFixed(2)]);
    }
  }
  return found;
}"""


def pale(page, *, within=OURS):
    """Words whose contrast is below 4.5 to 1, 3 to 1 if they are large."""
    found = page.evaluate(CONTRAST, ", ".join(area for (area,) in within))
    return [
        Finding(rule="color-contrast", impact="serious", html=html, why=f"its contrast is {contrast}")
        for html, contrast in found
    ]


def wear(page, theme):
    """Change the theme of a JupyterLab that was started with `EXPOSED`."""
    command = f"jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{THEMES[theme]}' }})"
    page.evaluate(command)
    light = "false" if theme == "dark" else "true"
    page.locator(f"body[data-jp-theme-light='{light}']").wait_for(state="attached", timeout=30_000)
