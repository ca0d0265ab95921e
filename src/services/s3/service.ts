// The front door of S3: its operation table, resources, workers and routes.
import { defineService, notImplemented } from '../../kernel/service.ts';
import { crossOrigin, preflightRoute } from './cross-origin.ts';
import { DATA_EVENTS } from './data-events.ts';
import * as settings from './operations/bucket-settings.ts';
import * as buckets from './operations/buckets.ts';
import { copyObject } from './operations/copy-object.ts';
import { deleteObject, deleteObjects } from './operations/delete-object.ts';
import { withDocument } from './operations/document.ts';
import * as lifecycle from './operations/lifecycle.ts';
import { listObjects, listObjectsV2 } from './operations/list-objects.ts';
import { listMultipartUploads, listParts } from './operations/list-uploads.ts';
import { listObjectVersions } from './operations/list-versions.ts';
import * as multipart from './operations/multipart.ts';
import * as notify from './operations/notification.ts';
import * as object from './operations/object-settings.ts';
import { postRoute } from './operations/post-object.ts';
import { putObject } from './operations/put-object.ts';
import { getObject, headObject } from './operations/read-object.ts';
import * as unset from './operations/unset-features.ts';
import { uploadPartCopy } from './operations/upload-part-copy.ts';
import { RESOURCES } from './resources.ts';
import { WORKERS, startSweep } from './workers.ts';

const analytics = notImplemented('storage analytics, inventory and metrics come later');
const metadata = notImplemented('metadata tables come later');

export const s3 = defineService<'s3'>({
  id: 's3',
  resources: RESOURCES,
  workers: WORKERS,
  start: startSweep,
  routes: [preflightRoute, postRoute],
  crossOrigin,
  dataEvents: DATA_EVENTS,
  operations: {
    AbortMultipartUpload: multipart.abortMultipartUpload,
    CompleteMultipartUpload: multipart.completeMultipartUpload,
    CopyObject: copyObject,
    CreateBucket: buckets.createBucket,
    CreateBucketMetadataConfiguration: metadata,
    CreateBucketMetadataTableConfiguration: metadata,
    CreateMultipartUpload: multipart.createMultipartUpload,
    CreateSession: notImplemented('directory buckets come later'),
    DeleteBucket: buckets.deleteBucket,
    DeleteBucketAnalyticsConfiguration: unset.deleteConfigurationById,
    DeleteBucketCors: settings.deleteBucketCors,
    DeleteBucketEncryption: settings.deleteBucketEncryption,
    DeleteBucketIntelligentTieringConfiguration: unset.deleteConfigurationById,
    DeleteBucketInventoryConfiguration: unset.deleteConfigurationById,
    DeleteBucketLifecycle: lifecycle.deleteBucketLifecycle,
    DeleteBucketMetadataConfiguration: metadata,
    DeleteBucketMetadataTableConfiguration: metadata,
    DeleteBucketMetricsConfiguration: unset.deleteConfigurationById,
    DeleteBucketOwnershipControls: settings.deleteBucketOwnershipControls,
    DeleteBucketPolicy: settings.deleteBucketPolicy,
    DeleteBucketReplication: unset.deleteNothing,
    DeleteBucketTagging: settings.deleteBucketTagging,
    DeleteBucketWebsite: unset.deleteNothing,
    DeleteObject: deleteObject,
    DeleteObjectAnnotation: notImplemented('annotations come later'),
    DeleteObjectTagging: object.deleteObjectTagging,
    DeleteObjects: deleteObjects,
    DeletePublicAccessBlock: settings.deletePublicAccessBlock,
    GetBucketAbac: unset.getBucketAbac,
    GetBucketAccelerateConfiguration: unset.getBucketAccelerateConfiguration,
    GetBucketAcl: object.getBucketAcl,
    GetBucketAnalyticsConfiguration: unset.getConfigurationById,
    GetBucketCors: settings.getBucketCors,
    GetBucketEncryption: settings.getBucketEncryption,
    GetBucketIntelligentTieringConfiguration: unset.getConfigurationById,
    GetBucketInventoryConfiguration: unset.getConfigurationById,
    GetBucketLifecycleConfiguration: lifecycle.getBucketLifecycleConfiguration,
    GetBucketLocation: buckets.getBucketLocation,
    GetBucketLogging: unset.getBucketLogging,
    GetBucketMetadataConfiguration: metadata,
    GetBucketMetadataTableConfiguration: metadata,
    GetBucketMetricsConfiguration: unset.getConfigurationById,
    GetBucketNotificationConfiguration: notify.getBucketNotificationConfiguration,
    GetBucketOwnershipControls: settings.getBucketOwnershipControls,
    GetBucketPolicy: settings.getBucketPolicy,
    GetBucketPolicyStatus: settings.getBucketPolicyStatus,
    GetBucketReplication: unset.getBucketReplication,
    GetBucketRequestPayment: unset.getBucketRequestPayment,
    GetBucketTagging: settings.getBucketTagging,
    GetBucketVersioning: settings.getBucketVersioning,
    GetBucketWebsite: unset.getBucketWebsite,
    GetObject: getObject,
    GetObjectAcl: object.getObjectAcl,
    GetObjectAnnotation: notImplemented('annotations come later'),
    GetObjectAttributes: object.getObjectAttributes,
    GetObjectLegalHold: unset.getObjectLockState,
    GetObjectLockConfiguration: unset.getObjectLockConfiguration,
    GetObjectRetention: unset.getObjectLockState,
    GetObjectTagging: object.getObjectTagging,
    GetObjectTorrent: notImplemented('AWS itself retired torrents'),
    GetPublicAccessBlock: settings.getPublicAccessBlock,
    HeadBucket: buckets.headBucket,
    HeadObject: headObject,
    ListBucketAnalyticsConfigurations: unset.listConfigurations,
    ListBucketIntelligentTieringConfigurations: unset.listConfigurations,
    ListBucketInventoryConfigurations: unset.listConfigurations,
    ListBucketMetricsConfigurations: unset.listConfigurations,
    ListBuckets: buckets.listBuckets,
    ListDirectoryBuckets: notImplemented('directory buckets come later'),
    ListMultipartUploads: listMultipartUploads,
    ListObjectAnnotations: notImplemented('annotations come later'),
    ListObjectVersions: listObjectVersions,
    ListObjects: listObjects,
    ListObjectsV2: listObjectsV2,
    ListParts: listParts,
    PutBucketAbac: notImplemented('attribute-based access control comes with IAM'),
    PutBucketAccelerateConfiguration: notImplemented('there is no edge network to accelerate with'),
    PutBucketAcl: withDocument(object.putBucketAcl),
    PutBucketAnalyticsConfiguration: analytics,
    PutBucketCors: withDocument(settings.putBucketCors),
    PutBucketEncryption: withDocument(settings.putBucketEncryption),
    PutBucketIntelligentTieringConfiguration: analytics,
    PutBucketInventoryConfiguration: analytics,
    PutBucketLifecycleConfiguration: withDocument(lifecycle.putBucketLifecycleConfiguration),
    PutBucketLogging: notImplemented('server access logging comes later'),
    PutBucketMetricsConfiguration: analytics,
    PutBucketNotificationConfiguration: withDocument(notify.putBucketNotificationConfiguration),
    PutBucketOwnershipControls: withDocument(settings.putBucketOwnershipControls),
    PutBucketPolicy: withDocument(settings.putBucketPolicy),
    PutBucketReplication: notImplemented('replication comes later'),
    PutBucketRequestPayment: withDocument(unset.putBucketRequestPayment),
    PutBucketTagging: withDocument(settings.putBucketTagging),
    PutBucketVersioning: withDocument(settings.putBucketVersioning),
    PutBucketWebsite: notImplemented('website hosting comes later'),
    PutObject: putObject,
    PutObjectAcl: withDocument(object.putObjectAcl),
    PutObjectAnnotation: notImplemented('annotations come later'),
    PutObjectLegalHold: notImplemented('Object Lock comes later'),
    PutObjectLockConfiguration: notImplemented('Object Lock comes later'),
    PutObjectRetention: notImplemented('Object Lock comes later'),
    PutObjectTagging: withDocument(object.putObjectTagging),
    PutPublicAccessBlock: withDocument(settings.putPublicAccessBlock),
    RenameObject: notImplemented('directory buckets come later'),
    RestoreObject: notImplemented('restoring archived objects comes later'),
    SelectObjectContent: notImplemented('AWS closed S3 Select to new customers'),
    UpdateBucketMetadataAnnotationTableConfiguration: metadata,
    UpdateBucketMetadataInventoryTableConfiguration: metadata,
    UpdateBucketMetadataJournalTableConfiguration: metadata,
    UpdateObjectEncryption: notImplemented('only SSE-S3 exists'),
    UploadPart: multipart.uploadPart,
    UploadPartCopy: uploadPartCopy,
    WriteGetObjectResponse: notImplemented('Object Lambda comes later'),
  },
});
