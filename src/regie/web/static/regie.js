// Small help for browsers that run it; every page works without.
"use strict";

const summary = document.getElementById("fouten");
if (summary) {
  summary.focus();
  if (!document.title.startsWith("!")) document.title = "! " + document.title;
}
