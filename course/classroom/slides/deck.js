// Formulas first, while every slide is laid out and can be measured; then the slides.
(() => {
  const root = document.documentElement;
  const LEAST = 24; // px of type

  // A font that is wider than those we know may need one line more: then its slide is set smaller.
  const fit = () => {
    for (const body of document.querySelectorAll(".page .body")) {
      const inside = () => body.scrollHeight - body.clientHeight;
      let size = parseFloat(getComputedStyle(body).fontSize);
      while (inside() > 1 && size > LEAST) {
        size -= 1;
        body.style.setProperty("--text", `${size}px`);
        body.dataset.fitted = size;
      }
      for (const formula of body.querySelectorAll(".math.block")) {
        const wide = formula.scrollWidth / formula.clientWidth;
        if (wide > 1.001) formula.style.fontSize = `${Math.floor(100 / wide)}%`;
      }
    }
  };

  const start = () => {
    fit();
    root.classList.remove("setting");
    const deck = Reveal.initialize({
      width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4, center: false,
      hash: true, slideNumber: "c/t", navigationMode: "linear", transition: "none", backgroundTransition: "none",
      scrollActivationWidth: null, keyboard: { 84: theme }, help: true, plugins: [RevealNotes],
    });
    Reveal.registerKeyboardShortcut("T", "Light or dark");
    deck.then(() => {
      root.classList.add("ready");
      // The notes are seen in the window of the speaker only, so their formulas can wait.
      if (window.MathJax) MathJax.Hub.Queue(["Typeset", MathJax.Hub, [...document.querySelectorAll(".notes")]]);
    });
  };

  const theme = () => { root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"; };

  root.classList.add("setting");
  if (window.MathJax) {
    MathJax.Hub.Queue(["Typeset", MathJax.Hub, [...document.querySelectorAll(".page")]], start);
  } else {
    start();
  }
})();
