// Amazon SNS: the operation table, resources and workers of the topic service.
import { defineService, notImplemented } from '../../kernel/service.ts';
import { addPermission, removePermission } from './operations/permissions.ts';
import { publish, publishBatch } from './operations/publish.ts';
import {
  getSubscriptionAttributes,
  setSubscriptionAttributes,
} from './operations/subscription-attributes.ts';
import {
  confirmSubscription,
  listSubscriptions,
  listSubscriptionsByTopic,
  subscribe,
  unsubscribe,
} from './operations/subscriptions.ts';
import { listTagsForResource, tagResource, untagResource } from './operations/tags.ts';
import { getTopicAttributes, setTopicAttributes } from './operations/topic-attributes.ts';
import { createTopic, deleteTopic, listTopics } from './operations/topics.ts';
import { resources } from './resources.ts';
import { workers } from './workers.ts';

const mobile = notImplemented('mobile push: there is no push service to hand messages to');
const phones = notImplemented('text messages: there is no carrier to hand them to');
const protection = notImplemented('data protection policies come later');

export const sns = defineService<'sns'>({
  id: 'sns',
  operations: {
    AddPermission: addPermission,
    CheckIfPhoneNumberIsOptedOut: phones,
    ConfirmSubscription: confirmSubscription,
    CreatePlatformApplication: mobile,
    CreatePlatformEndpoint: mobile,
    CreateSMSSandboxPhoneNumber: phones,
    CreateTopic: createTopic,
    DeleteEndpoint: mobile,
    DeletePlatformApplication: mobile,
    DeleteSMSSandboxPhoneNumber: phones,
    DeleteTopic: deleteTopic,
    GetDataProtectionPolicy: protection,
    GetEndpointAttributes: mobile,
    GetPlatformApplicationAttributes: mobile,
    GetSMSAttributes: phones,
    GetSMSSandboxAccountStatus: phones,
    GetSubscriptionAttributes: getSubscriptionAttributes,
    GetTopicAttributes: getTopicAttributes,
    ListEndpointsByPlatformApplication: mobile,
    ListOriginationNumbers: phones,
    ListPhoneNumbersOptedOut: phones,
    ListPlatformApplications: mobile,
    ListSMSSandboxPhoneNumbers: phones,
    ListSubscriptionsByTopic: listSubscriptionsByTopic,
    ListSubscriptions: listSubscriptions,
    ListTagsForResource: listTagsForResource,
    ListTopics: listTopics,
    OptInPhoneNumber: phones,
    PublishBatch: publishBatch,
    Publish: publish,
    PutDataProtectionPolicy: protection,
    RemovePermission: removePermission,
    SetEndpointAttributes: mobile,
    SetPlatformApplicationAttributes: mobile,
    SetSMSAttributes: phones,
    SetSubscriptionAttributes: setSubscriptionAttributes,
    SetTopicAttributes: setTopicAttributes,
    Subscribe: subscribe,
    TagResource: tagResource,
    Unsubscribe: unsubscribe,
    UntagResource: untagResource,
    VerifySMSSandboxPhoneNumber: phones,
  },
  // Source: SNS Developer Guide, "Logging AWS SNS API calls using CloudTrail".
  dataEvents: ['Publish', 'PublishBatch'],
  resources,
  workers,
});
