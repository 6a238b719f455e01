// What the other phases use of diagnostics.

export { type DiagnosticParts, diagnostic, hasErrors, sortDiagnostics } from "./build.ts";
export { Locator, type Span } from "./locate.ts";
export { nearest, suggest } from "./nearest.ts";
export { renderDiagnostics, renderDiagnosticsJson, type RenderOptions, summarise } from "./render.ts";
