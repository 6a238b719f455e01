// Certificates for tests, made by openssl: an authority, and what it signs.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface MadeCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** `<folder>/<name>.crt` and `.key`, by its own hand or by `authority`'s. */
export function makeCertificate(
  folder: string,
  name: string,
  options: { readonly days?: number; readonly authority?: MadeCertificate } = {},
): MadeCertificate {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const { days = 30, authority } = options;
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  if (!authority) {
    openssl("req", "-x509", ...EC, "-keyout", keyFile, "-out", certFile, "-days", String(days), ...subject);
    return { certFile, keyFile };
  }
  const request = join(folder, `${name}.csr`);
  openssl("req", ...EC, "-keyout", keyFile, "-out", request, ...subject);
  const signing = ["-CA", authority.certFile, "-CAkey", authority.keyFile, "-CAcreateserial"];
  openssl(
    "x509",
    "-req",
    "-in",
    request,
    ...signing,
    "-out",
    certFile,
    "-days",
    String(days),
    "-copy_extensions",
    "copy",
  );
  return { certFile, keyFile };
}

/** Puts one certificate where another was, as cert-manager does. */
export function replaceWith(target: MadeCertificate, cert: Buffer, key: Buffer): void {
  writeFileSync(target.keyFile, key);
  writeFileSync(target.certFile, cert);
}
