import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PAYLOAD_FORMATS, type PayloadFormat } from './entry-views.js';

/** Forms of an endless response. */
export const LIVE_FORMATS = ['sse', 'binary'] as const;

export class LiveQueryDto {
  @ApiPropertyOptional({ default: '$', description: 'Position: after this id, `-` = from the first, `$` = from now' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  from?: string;

  @ApiPropertyOptional({ enum: LIVE_FORMATS, default: 'sse', description: 'Server-sent events, or frames' })
  @IsOptional()
  @IsIn(LIVE_FORMATS)
  as?: (typeof LIVE_FORMATS)[number];

  @ApiPropertyOptional({ enum: PAYLOAD_FORMATS, default: 'base64', description: 'Payloads in events' })
  @IsOptional()
  @IsIn(PAYLOAD_FORMATS)
  payload?: PayloadFormat;
}

export class LiveManyQueryDto extends LiveQueryDto {
  @ApiPropertyOptional({
    description: 'Names, separated by commas (a comma of a name is written `%2C`)',
    example: 'cam1:a,cam2:a',
  })
  @IsOptional()
  @IsString()
  @MaxLength(16_384)
  streams?: string;

  @ApiPropertyOptional({ description: 'Glob over names; streams that appear join', example: 'cam*:*' })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  match?: string;
}
