namespace Qua2SeDiMo.Models.Known;

/// <summary>Known configuration keys of the denoisers.</summary>
internal static class DenoiserKeys
{
    private static readonly IgnoredKeys Dropout = new("training only", "dropout");
    private static readonly IgnoredKeys Upcast = new(
        "everything is computed in single precision at least",
        "upcast_attention"
    );
    private static readonly IgnoredKeys OtherNorms = new("of inputs that are not cut into patches", "norm_num_groups");

    // Transformer2DModel is the former common class; these keys select models of other families.
    private static readonly LimitedKey[] Ancestor =
    [
        new("num_vector_embeds", "null"),
        new("use_linear_projection", "false"),
        new("only_cross_attention", "false"),
        new("double_self_attention", "false"),
    ];

    /// <summary>One table per class. A Transformer2DModel is PixArt's or DiT's class, depending on its
    /// <c>norm_type</c>.</summary>
    public static IReadOnlyList<KnownKeys> All { get; } =
    [
        new(
            ["UNet2DConditionModel"],
            "sample_size=64 in_channels out_channels center_input_sample flip_sin_to_cos freq_shift "
                + "down_block_types mid_block_type up_block_types only_cross_attention"
                + " block_out_channels layers_per_block downsample_padding mid_block_scale_factor act_fn "
                + "norm_num_groups norm_eps cross_attention_dim transformer_layers_per_block"
                + " reverse_transformer_layers_per_block encoder_hid_dim attention_head_dim num_attention_heads "
                + "use_linear_projection class_embed_type addition_time_embed_dim"
                + " num_class_embeds time_embedding_dim time_embedding_act_fn timestep_post_act time_cond_proj_dim "
                + "conv_in_kernel conv_out_kernel"
                + " projection_class_embeddings_input_dim class_embeddings_concat"
        )
        {
            Ignored =
            [
                Dropout,
                Upcast,
                new(
                    "of block kinds that are refused",
                    "resnet_skip_time_act",
                    "resnet_out_scale_factor",
                    "mid_block_only_cross_attention",
                    "cross_attention_norm"
                ),
                new("of kinds of addition_embed_type that are refused", "addition_embed_type_num_heads"),
            ],
            Limited =
            [
                new("dual_cross_attention", "false"),
                new("attention_type", "\"default\""),
                new("time_embedding_type", "\"positional\""),
                new("resnet_time_scale_shift", "\"default\"", "\"scale_shift\""),
                new("addition_embed_type", "null", "\"text_time\""),
                new("encoder_hid_dim_type", "null", "\"text_proj\""),
            ],
        },
        new(
            ["PixArtTransformer2DModel", "Transformer2DModel"],
            "num_attention_heads attention_head_dim in_channels out_channels num_layers cross_attention_dim "
                + "attention_bias sample_size=128 patch_size activation_fn norm_type"
                + " norm_elementwise_affine norm_eps interpolation_scale use_additional_conditions caption_channels"
        )
        {
            Ignored =
            [
                Dropout,
                Upcast,
                OtherNorms,
                new("its norms are conditioned on the timestep alone", "num_embeds_ada_norm"),
            ],
            Limited = [new("attention_type", "\"default\""), .. Ancestor],
        },
        new(
            ["DiTTransformer2DModel", "Transformer2DModel"],
            "num_attention_heads attention_head_dim in_channels out_channels num_layers attention_bias "
                + "sample_size=32 patch_size activation_fn num_embeds_ada_norm norm_type"
                + " norm_elementwise_affine norm_eps"
        )
        {
            Ignored = [Dropout, Upcast, OtherNorms],
            Limited =
            [
                new("attention_type", "\"default\""),
                new("cross_attention_dim", "null"),
                new("caption_channels", "null"),
                .. Ancestor,
            ],
        },
        new(
            ["HunyuanDiT2DModel"],
            "num_attention_heads attention_head_dim in_channels patch_size activation_fn sample_size=32 "
                + "hidden_size num_layers mlp_ratio learn_sigma cross_attention_dim norm_type"
                + " cross_attention_dim_t5 pooled_projection_dim text_len text_len_t5 use_style_cond_and_image_meta_size"
        ),
        new(
            ["SD3Transformer2DModel"],
            "sample_size=128 patch_size in_channels num_layers attention_head_dim num_attention_heads "
                + "joint_attention_dim caption_projection_dim pooled_projection_dim out_channels"
                + " pos_embed_max_size dual_attention_layers qk_norm"
        ),
        new(
            ["FluxTransformer2DModel"],
            "patch_size in_channels out_channels num_layers num_single_layers attention_head_dim "
                + "num_attention_heads joint_attention_dim pooled_projection_dim guidance_embeds"
                + " axes_dims_rope"
        ),
        new(
            ["SanaTransformer2DModel"],
            "in_channels out_channels num_attention_heads attention_head_dim num_layers "
                + "num_cross_attention_heads cross_attention_head_dim cross_attention_dim caption_channels"
                + " mlp_ratio attention_bias sample_size=32 patch_size norm_elementwise_affine norm_eps "
                + "interpolation_scale guidance_embeds qk_norm"
        )
        {
            Ignored = [Dropout, new("what a pipeline multiplies its guidance by", "guidance_embeds_scale")],
            Limited = [new("timestep_scale", "1.0")],
        },
        new(
            ["Lumina2Transformer2DModel"],
            "sample_size=128 patch_size in_channels out_channels hidden_size num_layers num_refiner_layers "
                + "num_attention_heads num_kv_heads multiple_of ffn_dim_multiplier norm_eps"
                + " axes_dim_rope cap_feat_dim"
        )
        {
            Ignored = [new("lengths of tables that are computed to the size needed", "axes_lens")],
            Limited = [new("scaling_factor", "1.0")],
        },
        new(
            ["AuraFlowTransformer2DModel"],
            "sample_size=64 patch_size in_channels num_mmdit_layers num_single_dit_layers attention_head_dim "
                + "num_attention_heads joint_attention_dim caption_projection_dim"
                + " out_channels pos_embed_max_size"
        ),
    ];
}
