// Live bars of mails under way. Without this script, the page shows the state of when it was loaded.
"use strict";
for (const box of document.querySelectorAll("[data-progress]")) {
  const source = new EventSource(box.dataset.progress);
  const show = (event) => { box.innerHTML = event.data; };
  source.addEventListener("state", show);
  source.addEventListener("end", (event) => { show(event); source.close(); });
}
