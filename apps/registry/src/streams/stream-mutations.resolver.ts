import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { StreamMeta } from '@sluice/catalog';
import { StreamAdmin } from '@sluice/stream-log';
import { streamKey } from '@sluice/wire';
import { RegistryConfig } from '../config.js';
import { readMeta } from '../graphql/meta-input.js';
import { oneOf } from '../graphql/one-of.js';
import { OperationContext } from '../graphql/operation-context.js';
import { assertMayDelete, assertMayWrite } from '../graphql/permitted.js';
import { JsonScalar } from '../graphql/scalars.js';

/** Changes of streams: their metadata, and deletion. */
@Resolver()
export class StreamMutationsResolver {
  constructor(
    private readonly admin: StreamAdmin,
    private readonly meta: StreamMeta,
    private readonly config: RegistryConfig,
  ) {}

  @Mutation(() => JsonScalar, { description: 'Replaces the metadata of a stream, or merges into it with `update`.' })
  async updateStreamMeta(
    @Args('streamId', { type: () => String, nullable: true }) streamId: string | null,
    @Args('sid', { type: () => String, nullable: true, description: 'As `streamId`.' }) sid: string | null,
    @Args('meta', { type: () => JsonScalar }) meta: unknown,
    @Args('deviceId', { type: () => String, defaultValue: 'default' }) deviceId: string,
    @Args('update', { type: () => Boolean, defaultValue: false }) update: boolean,
    @Args('expectedRevision', {
      type: () => String,
      nullable: true,
      description: 'Refuse when the metadata has another revision by now.',
    })
    expectedRevision: string | null,
    @Context() { identity }: OperationContext,
  ): Promise<unknown> {
    const key = this.keyOf(oneOf({ streamId, sid }), deviceId);
    assertMayWrite(identity, key);
    const object = readMeta(meta);
    const change = { expectedRevision: expectedRevision ?? undefined };
    if (update) await this.meta.merge(key, object, change);
    else await this.meta.replace(key, object, change);
    return { meta_set: true };
  }

  @Mutation(() => JsonScalar, { description: 'Deletes a stream with its metadata; in strict mode for admins.' })
  async deleteStream(
    @Args('streamId', { type: () => String, nullable: true }) streamId: string | null,
    @Args('sid', { type: () => String, nullable: true, description: 'As `streamId`.' }) sid: string | null,
    @Args('deviceId', { type: () => String, defaultValue: 'default' }) deviceId: string,
    @Context() { identity }: OperationContext,
  ): Promise<unknown> {
    const key = this.keyOf(oneOf({ streamId, sid }), deviceId);
    assertMayDelete(identity);
    assertMayWrite(identity, key);
    const subject = `delete stream "${key}"`;
    const length = Number(await this.admin.commands.run({ name: 'XLEN', args: [key], subject }));
    const stream_deleted = await this.admin.deleteStream(key);
    const meta_deleted = await this.meta.delete(key);
    return { data_deleted: stream_deleted && length > 0, meta_deleted, stream_deleted };
  }

  private keyOf(streamId: string, deviceId: string): string {
    return streamKey(this.config.hasDevices ? deviceId : null, '', streamId);
  }
}
