// Texts that are secrets by their look, so that none gets into a file that is committed.

const LOOKS = [
  /^-----BEGIN /,
  /^https:\/\/hooks\.slack\.com\/(?:services|workflows)\//,
  /^(?:https?|[a-z]+):\/\/[^/\s]*:[^/\s]*@/, // user and password in a URL
  /^xox[abeprs]-/, // Slack
  /^gh[opsu]_[A-Za-z0-9]{20,}/, // GitHub
  /^A(?:KIA|SIA)[A-Z0-9]{16}$/, // AWS
  /^eyJ[A-Za-z0-9_-]+\.eyJ/, // JSON web token
  /^hvs\.[A-Za-z0-9_-]{20,}/, // Vault
];

export function secretText(value: unknown): boolean {
  return typeof value === "string" && LOOKS.some((look) => look.test(value));
}
