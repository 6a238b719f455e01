// The same as an AlertmanagerConfig. The operator adds to its routes that alerts must have the label `namespace` of the
// object: every alert of ours has it.

import type { IAlertmanagerConfig } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1/AlertmanagerConfig";
import type { NotificationsIr, SecretIr, SiteIr } from "../../../ir/site.ts";
import { commonLabels } from "../kubernetes.ts";
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

type ReceiverObject = NonNullable<IAlertmanagerConfig["spec"]["receivers"]>[number];

export function alertmanagerConfig({ notifications, namespaces, prometheus }: SiteIr): IAlertmanagerConfig {
  const { grouping } = notifications;
  return {
    apiVersion: "monitoring.coreos.com/v1alpha1",
    kind: "AlertmanagerConfig",
    metadata: {
      name: "pistonprotection",
      namespace: namespaces.platform.name,
      labels: { ...commonLabels("alerts"), ...prometheus.labels },
    },
    spec: {
      route: {
        receiver: FALLBACK,
        groupBy: [...GROUP_BY],
        groupWait: grouping.wait,
        groupInterval: grouping.interval,
        repeatInterval: grouping.repeat,
        routes: SEVERITIES.map((severity) => ({
          receiver: severity,
          matchers: [{ name: "severity", value: severity, matchType: "=" }],
        })),
      },
      inhibitRules: INHIBITIONS.map(({ source, target, equal }) => ({
        sourceMatch: source.map(matcherObject),
        targetMatch: target.map(matcherObject),
        equal: [...equal],
      })),
      receivers: receiversOf(notifications).map((receiver) => receiverObject(receiver, notifications)),
    },
  };
}

function receiverObject(
  { name, slackChannel, pages, posts }: Receiver,
  { slack, pagerDuty, webhook }: NotificationsIr,
): ReceiverObject {
  return {
    name,
    ...(slack && slackChannel !== null
      ? {
          slackConfigs: [
            {
              apiURL: selector(slack.webhookUrl),
              channel: slackChannel,
              sendResolved: true,
              title: SLACK_TITLE,
              text: SLACK_TEXT,
            },
          ],
        }
      : {}),
    ...(pagerDuty && pages
      ? {
          pagerdutyConfigs: [
            {
              ...(pagerDuty.api === "events-v2"
                ? { routingKey: selector(pagerDuty.key) }
                : { serviceKey: selector(pagerDuty.key) }),
              severity: PAGER_SEVERITY,
              description: PAGER_TITLE,
              details: Object.entries(PAGER_DETAILS).map(([key, value]) => ({ key, value })),
              sendResolved: true,
            },
          ],
        }
      : {}),
    ...(webhook && posts
      ? {
          webhookConfigs: [
            {
              ...(typeof webhook.url === "string"
                ? { url: webhook.url }
                : { urlSecret: selector(webhook.url) }),
              sendResolved: true,
            },
          ],
        }
      : {}),
  };
}

function selector({ name, key }: SecretIr): { name: string; key: string } {
  return { name, key };
}

function matcherObject({ name, operator, value }: Matcher): {
  name: string;
  value: string;
  matchType: "=" | "=~";
} {
  return { name, value, matchType: operator };
}
