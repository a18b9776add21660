// What a search shows first: a reader who types "jackpot" wants the lesson before the function of that name.
var Scorer = {
  // Among equals the earlier lesson comes first: by their titles 14 stood before 2.
  score: ([page, , , , score]) => {
    const lesson = /^notebooks\/(\d+)/.exec(page);
    if (lesson) return score + 20 - lesson[1] / 100;
    return score + (page.startsWith("docs/") ? 10 : 0);
  },

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
