// What a search shows first: a reader who types "jackpot" wants the lesson before the function of that name.
var Scorer = {
  score: ([page, , , , score]) => score + (page.startsWith("notebooks/") ? 20 : page.startsWith("docs/") ? 10 : 0),

  // The rest as in Sphinx, but for names of the library: those got 15 more, and came before every page.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 0, 1: 0, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
