// Small things that the pages do for themselves. Without JavaScript nothing is lost but the comfort.
(() => {
  // A fold opens when a link leads into it.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    let fold = target ? target.closest("details") : null;
    if (!fold) return;
    for (; fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  addEventListener("DOMContentLoaded", unfold);

  // A formula that is wider than the page is moved by the arrow keys.
  const reach = (entries) => {
    for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  };
  addEventListener("DOMContentLoaded", () => {
    const watched = new ResizeObserver(reach);
    for (const formula of document.querySelectorAll("div.math")) watched.observe(formula);
  });

  // Paper is white: in the dark theme's colours a text would be pale on it.
  let theme;
  addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
  });
  addEventListener("afterprint", () => (document.documentElement.dataset.theme = theme));

  // Files have no server to be asked for the pages behind the results of a search.
  if (location.protocol === "file:" && /search\.html$/.test(location.pathname)) window.fetch = () => new Promise(() => {});
})();
