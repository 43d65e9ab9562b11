namespace Qua2SeDiMo.Models.Known;

/// <summary>Known configuration keys of the autoencoders.</summary>
internal static class AutoencoderKeys
{
    private static readonly IgnoredKeys Upcast = new(
        "everything is computed in single precision at least",
        "force_upcast"
    );

    /// <summary>One table per class.</summary>
    public static IReadOnlyList<KnownKeys> All { get; } =
    [
        new(
            ["AutoencoderKL"],
            "in_channels out_channels down_block_types up_block_types block_out_channels=[64] layers_per_block "
                + "act_fn latent_channels norm_num_groups sample_size=32"
                + " scaling_factor=0.18215 shift_factor=0.0 latents_mean latents_std use_quant_conv "
                + "use_post_quant_conv mid_block_add_attention"
        )
        {
            Ignored = [Upcast],
        },
        new(
            ["AutoencoderTiny"],
            "in_channels out_channels encoder_block_out_channels decoder_block_out_channels=[64,64,64,64] act_fn "
                + "upsample_fn latent_channels upsampling_scaling_factor"
                + " num_encoder_blocks num_decoder_blocks scaling_factor=1.0 shift_factor=0.0"
        )
        {
            Ignored =
            [
                Upcast,
                new("for showing latents as pictures", "latent_magnitude", "latent_shift"),
                new("the same numbers as decoder_block_out_channels", "block_out_channels"),
            ],
        },
    ];
}
