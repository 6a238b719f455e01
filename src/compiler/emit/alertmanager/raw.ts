// alertmanager.yml. Secrets are files, where the operator mounts those that `spec.secrets` of its Alertmanager names.

import type { NotificationsIr, SecretIr } from "../../../ir/site.ts";
import {
  FALLBACK,
  GROUP_BY,
  INHIBITIONS,
  type Matcher,
  PAGER_DETAILS,
  PAGER_SEVERITY,
  PAGER_TITLE,
  type Receiver,
  receiversOf,
  SEVERITIES,
  SLACK_TEXT,
  SLACK_TITLE,
} from "./notifications.ts";

const SECRETS_FOLDER = "/etc/alertmanager/secrets";

export function rawConfiguration(notifications: NotificationsIr): unknown {
  const { grouping } = notifications;
  return {
    route: {
      receiver: FALLBACK,
      group_by: [...GROUP_BY],
      group_wait: grouping.wait,
      group_interval: grouping.interval,
      repeat_interval: grouping.repeat,
      routes: SEVERITIES.map((severity) => ({ receiver: severity, matchers: [`severity="${severity}"`] })),
    },
    inhibit_rules: INHIBITIONS.map(({ source, target, equal }) => ({
      source_matchers: source.map(matcherText),
      target_matchers: target.map(matcherText),
      equal: [...equal],
    })),
    receivers: receiversOf(notifications).map((receiver) => rawReceiver(receiver, notifications)),
  };
}

function rawReceiver(receiver: Receiver, { slack, pagerDuty, webhook }: NotificationsIr): unknown {
  return {
    name: receiver.name,
    ...(slack && receiver.slackChannel !== null
      ? {
          slack_configs: [
            {
              api_url_file: secretFile(slack.webhookUrl),
              channel: receiver.slackChannel,
              send_resolved: true,
              title: SLACK_TITLE,
              text: SLACK_TEXT,
            },
          ],
        }
      : {}),
    ...(pagerDuty && receiver.pages
      ? {
          pagerduty_configs: [
            {
              [pagerDuty.api === "events-v2" ? "routing_key_file" : "service_key_file"]: secretFile(
                pagerDuty.key,
              ),
              severity: PAGER_SEVERITY,
              description: PAGER_TITLE,
              details: { ...PAGER_DETAILS },
              send_resolved: true,
            },
          ],
        }
      : {}),
    ...(webhook && receiver.posts
      ? {
          webhook_configs: [
            {
              // `url_file`: Alertmanager 0.26.
              ...(typeof webhook.url === "string"
                ? { url: webhook.url }
                : { url_file: secretFile(webhook.url) }),
              send_resolved: true,
            },
          ],
        }
      : {}),
  };
}

function secretFile({ name, key }: SecretIr): string {
  return `${SECRETS_FOLDER}/${name}/${key}`;
}

function matcherText({ name, operator, value }: Matcher): string {
  return `${name}${operator}${JSON.stringify(value)}`;
}
