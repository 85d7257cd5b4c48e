import type { Context } from "./context";
import type { Answer, Handler } from "./http";

const titles: Readonly<Record<string, string>> = {
  "/publisher": "API Publisher",
  "/store": "API Store",
};

/** Pages for browsers. Every role serves both, as the product's profiles do. */
export function pageHandler({ node, configuration: { carbon, role } }: Context): Handler {
  return ({ method, path }) => {
    const title = titles[path.replace(/\/$/, "")];
    if (title === undefined || (method !== "GET" && method !== "HEAD")) {
      return undefined;
    }
    const rows = [
      ["Node", node],
      ["Role", role],
      ["Structure of version", carbon.version],
    ].map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`);
    return {
      status: 200,
      headers: { "content-type": "text/html; charset=utf-8" },
      body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title} (stand-in)</title></head>
<body><h1>${title}: the stand-in</h1>
<p>This is ${escapeHtml(carbon.name)}, a small server in the product's place. It is not WSO2 API Manager.</p>
<table>${rows.join("")}</table>
<p><a href="/standin/health">Its connections and their state</a></p>
</body></html>
`,
    };
  };
}

/** A small page. @param content HTML */
export function htmlPage(title: string, content: string): Answer {
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)} (stand-in)</title></head>
<body>${content}</body></html>
`,
  };
}

/** Escapes text for HTML and XML. */
export function escapeHtml(text = ""): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
