import { Module, type DynamicModule } from '@nestjs/common';
import { StoreConfig, type StoreSettings } from './config.js';
import { Conversions } from './conversions/conversions.js';
import { DataController } from './dialect/data.controller.js';
import { GreetingController } from './dialect/greeting.controller.js';
import { FollowSocket } from './follow/follow.socket.js';
import { LogReadiness } from './health/log-readiness.js';
import { Stopping } from './health/stopping.js';
import { IngestSocket } from './ingest/ingest.socket.js';
import { PushSockets } from './ingest/push-sockets.js';
import { Uploads } from './ingest/uploads.js';
import { LogModule } from './log/log.module.js';
import { StorePrometheus } from './metrics/prometheus.js';
import { StoreMetrics } from './metrics/store-metrics.js';
import { FramePictures } from './mjpeg/frame-pictures.js';
import { MjpegController } from './mjpeg/mjpeg.controller.js';
import { Quotas } from './quotas/quotas.js';
import { PushPresence } from './presence/push-presence.js';
import { PtgDataController } from './ptg/data.controller.js';
import { PingController } from './ptg/ping.controller.js';
import { PtgPullSocket } from './ptg/pull.socket.js';
import { PtgPushSocket } from './ptg/push.socket.js';
import { StreamInfoReader } from './ptg/stream-info.js';
import { PtgStreamsController } from './ptg/streams.controller.js';
import { RECORDING_CONTROLLERS, RECORDING_PROVIDERS } from './recordings/recordings.parts.js';
import { Documents } from './recipes/documents.js';
import { RecipesController } from './recipes/recipes.controller.js';
import { RunningSessionController } from './recipes/running-session.controller.js';
import { RunningSession } from './recipes/running-session.js';
import { SessionDocumentsController } from './recipes/session-documents.controller.js';
import { SettingsModule } from './settings.module.js';
import { EntriesController } from './v1/http/entries.controller.js';
import { GroupReads } from './v1/http/group-reads.js';
import { GroupsController } from './v1/http/groups.controller.js';
import { LiveController } from './v1/http/live.controller.js';
import { StreamsController } from './v1/http/streams.controller.js';
import { V1Socket } from './v1/socket/v1.socket.js';

/** The stream store: the redis-streamer dialect, our own routes, and `sluice.v1`, over one log. */
@Module({})
export class AppModule {
  static with(settings: StoreSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [SettingsModule.with(new StoreConfig(settings)), LogModule],
      controllers: [
        GreetingController,
        DataController,
        StreamsController,
        EntriesController,
        GroupsController,
        LiveController,
        ...RECORDING_CONTROLLERS,
        PingController,
        PtgStreamsController,
        PtgDataController,
        MjpegController,
        RecipesController,
        SessionDocumentsController,
        RunningSessionController,
      ],
      providers: [
        StoreMetrics,
        StorePrometheus,
        LogReadiness,
        Stopping,
        ...RECORDING_PROVIDERS,
        GroupReads,
        StreamInfoReader,
        Quotas,
        { provide: Conversions, useFactory: () => new Conversions() },
        FramePictures,
        Documents,
        RunningSession,
        PushSockets,
        Uploads,
        PushPresence,
        IngestSocket,
        FollowSocket,
        PtgPullSocket,
        PtgPushSocket,
        V1Socket,
      ],
    };
  }
}
