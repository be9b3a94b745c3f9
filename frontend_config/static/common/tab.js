// The title of the browser's tab: what is shown, then the page, then the site.

const [LONGEST, ISOLATE, END] = [120, "\u2068", "\u2069"];
const PLAIN = /^[\x20-\x7e]*$/;
const LIST = new Intl.ListFormat("en-GB");

/** The tab names what is `shown` before the page; none of them turns the direction of what follows. */
export function nameTab(...shown) {
  const own = document.querySelector('meta[property="og:title"]').content;
  const named = shown.filter(Boolean).map((name) => apart(name.slice(0, LONGEST)));
  const title = [LIST.format(named), own].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
}

function apart(name) {
  return PLAIN.test(name) ? name : `${ISOLATE}${name}${END}`;
}
