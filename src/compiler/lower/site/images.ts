// Images: what a site says, or our own, always with the tag or digest that a node is to run.

import { IMAGE_NAMES, type ImageName } from "../../../ir/site.ts";
import { VERSION } from "../../../version.ts";
import type { Section } from "./section.ts";

/** Not built with the compiler: its version is no tag of theirs. */
const FOREIGN: Partial<Record<ImageName, string>> = {
  postgresql: "docker.io/library/postgres:15",
  redis: "docker.io/library/redis:7",
  backup: "docker.io/alpine/k8s:1.34.1",
};

const IMAGE =
  /^(?<repository>[a-z0-9]+(?:[._:-][a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+)(?::(?<tag>\w[\w.-]{0,127}))?(?:@sha256:(?<digest>[0-9a-f]{64}))?$/;

export function lowerImages(section: Section): Readonly<Record<ImageName, string>> {
  const images = Object.fromEntries(IMAGE_NAMES.map((name) => [name, image(name, section)]));
  section.end();
  return Object.freeze(images as Record<ImageName, string>);
}

function image(name: ImageName, section: Section): string {
  const fallback = FOREIGN[name] ?? `ghcr.io/pistonprotection/${name}`;
  const text = section.text(
    name,
    {
      pattern: IMAGE,
      what: "an image",
      help: "write registry, repository, and a tag or digest: `ghcr.io/example/agent:1.2.3`",
    },
    fallback,
  );
  const { tag, digest } = IMAGE.exec(text)?.groups ?? {};
  if (tag === "latest" && digest === undefined)
    section.fault(
      name,
      `${JSON.stringify(text)} is another image tomorrow`,
      "name a version or a digest: a node that starts again must run what its neighbours run",
      "floating-image",
      text,
    );
  if (tag !== undefined || digest !== undefined) return text;
  if (FOREIGN[name] !== undefined)
    section.fault(
      name,
      `${JSON.stringify(text)} names no version`,
      "add a tag or a digest",
      "floating-image",
      text,
    );
  return `${text}:${VERSION}`;
}
