// What texts of a site must be.

import type { TextRule } from "./section.ts";

/** RFC 1123. */
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";

export const DNS_LABEL: TextRule = {
  pattern: new RegExp(`^${LABEL}$`),
  what: "a name that Kubernetes takes",
  help: "write lower-case letters, digits and hyphens, 63 at most, a letter or digit at both ends",
};
export const SITE_NAME: TextRule = {
  // GitOps objects are called <site>-<environment>-<folder>: a label's 63 characters must hold it.
  pattern: /^[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/,
  what: "a site's or environment's name",
  help: "write a lower-case letter, then letters, digits and hyphens, 20 at most, no hyphen at the end",
};
export const OBJECT_NAME: TextRule = {
  pattern: new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`),
  what: "the name of a Kubernetes object",
  help: "write lower-case letters, digits, hyphens and dots",
};
export const DOMAIN: TextRule = {
  pattern: new RegExp(`^(?=.{1,240}$)${LABEL}(?:\\.${LABEL})+$`),
  what: "a DNS name",
  help: "write labels of lower-case letters, digits and hyphens with dots between them: `example.com`",
};
export const CERTIFICATE_NAME: TextRule = {
  pattern: new RegExp(`^(?=.{1,253}$)(?:\\*\\.)?${LABEL}(?:\\.${LABEL})+$`),
  what: "a DNS name",
  help: "write a DNS name, `*.` may stand before it: `api.example.com`",
};
export const HTTPS_URL: TextRule = {
  pattern: /^https:\/\/[^\s/@]+(?:\/\S*)?$/,
  what: "a URL",
  help: "write a URL with https: `https://git.example.com/team/policies`",
};
export const HTTP_URL: TextRule = {
  pattern: /^https?:\/\/[^\s/@]+(?:\/\S*)?$/,
  what: "a URL",
  help: "write a URL: `https://hooks.example.com/alerts`",
};
export const OCI_URL: TextRule = {
  pattern: /^oci:\/\/[a-z0-9.:-]+(?:\/[a-z0-9._-]+)+$/,
  what: "an OCI repository",
  help: "write `oci://`, the registry and the repository, without a tag",
};
export const HOST_PORT: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:[1-9]\d{0,4}$/,
  what: "a host and a port",
  help: "write `alertmanager.monitoring.svc:9093`",
};
export const CHANNEL: TextRule = {
  pattern: /^#[^\s#@,:]{1,80}$/,
  what: "a channel",
  help: "begin it with #: `#alerts-critical`",
};
export const CRON: TextRule = {
  pattern: /^(?:[\d*/,-]+) (?:[\d*/,-]+) (?:[\d*/,-]+) (?:[\d*/,-]+|[A-Z]{3}) (?:[\d*/,-]+|[A-Z]{3})$/,
  what: "a schedule",
  help: "write minute, hour, day, month and day of the week: `0 2 * * *`",
};
export const CPU: TextRule = {
  pattern: /^(?:[1-9]\d*m|[1-9]\d*|\d+\.\d+)$/,
  what: "an amount of CPU",
  help: "write cores or thousandths of one: `2`, `500m`",
};
export const BYTES: TextRule = {
  pattern: /^[1-9]\d*(?:Ki|Mi|Gi|Ti)$/,
  what: "an amount of bytes",
  help: "write a whole number and Mi or Gi: `512Mi`",
};
export const CHUNK: TextRule = {
  pattern: /^[1-9]\d*[kmg]$/,
  what: "a size of Fluentd",
  help: "write a whole number and k, m or g: `256m`",
};
export const BUCKET: TextRule = {
  pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  what: "the name of a bucket",
  help: "write 3 to 63 lower-case letters, digits, dots and hyphens",
};
export const REGION: TextRule = {
  pattern: /^[a-z]{2}(?:-[a-z]+)+-\d$|^[a-z][a-z0-9-]*$/,
  what: "a region",
  help: "write it as the provider does: `eu-central-1`",
};
export const ROLE_ARN: TextRule = {
  pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/,
  what: "a role's ARN",
  help: "write `arn:aws:iam::123456789012:role/name`",
};
export const EMAIL: TextRule = {
  pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  what: "an e-mail address",
  help: "write one that people read: `platform@example.com`",
};
export const BRANCH: TextRule = {
  pattern: /^(?![/.-])[\w./-]{1,200}(?<![/.])$/,
  what: "a branch",
  help: "write its name: `main`",
};
/** Below the repository's root, no step up. */
export const DIRECTORY: TextRule = {
  pattern: /^(?!\.{1,2}(?:\/|$))[\w.-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)*$/,
  what: "a directory",
  help: "write a path from the repository's root, without a slash at either end: `dist`",
};
export const WORD: TextRule = {
  pattern: /^[A-Za-z0-9][\w.:/@%+-]{0,252}$/,
  what: "a plain name",
  help: "write letters, digits, and `._:/@%+-` between them",
};
export const TITLE: TextRule = {
  pattern: /^[^\p{C}]{1,100}$/u,
  what: "a title",
  help: "write a line of text",
};
export const MAX_UNAVAILABLE_TEXT: TextRule = {
  pattern: /^(?:[1-9]\d?|100)%$/,
  what: "a count of nodes or a share of them",
  help: 'write a whole number from 1, or a share: `"10%"`',
};
