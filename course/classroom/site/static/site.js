// Small things that the pages do for themselves. Without JavaScript nothing is lost but the comfort.

// A fold opens when a link leads into it.
function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  if (target?.closest("details")) target.scrollIntoView();
}
addEventListener("hashchange", open);
addEventListener("DOMContentLoaded", open);

// A formula that was measured in a closed fold has the wrong size.
document.addEventListener("toggle", (event) => {
  const fold = event.target;
  if (!fold.open || fold.measured || !fold.querySelector(".math")) return;
  fold.measured = true;
  window.MathJax?.Hub?.Queue(["Rerender", MathJax.Hub, fold]);
}, true);
