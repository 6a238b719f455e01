// What the other phases use of diagnostics.

export { nearest, suggest } from "../../nearest.ts";
export { type DiagnosticParts, diagnostic, hasErrors, sortDiagnostics } from "./build.ts";
export { Locator, type Span } from "./locate.ts";
export { type RenderOptions, renderDiagnostics, renderDiagnosticsJson, summarise } from "./render.ts";
