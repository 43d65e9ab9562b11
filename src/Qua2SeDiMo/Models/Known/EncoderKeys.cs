namespace Qua2SeDiMo.Models.Known;

/// <summary>Known configuration keys of the text and image encoders, which are classes of transformers.</summary>
internal static class EncoderKeys
{
    private const string ClipTower =
        "hidden_size intermediate_size num_attention_heads num_hidden_layers layer_norm_eps hidden_act projection_dim";
    private const string ClipText = ClipTower + " vocab_size max_position_embeddings eos_token_id";
    private const string ClipVision = ClipTower + " image_size patch_size num_channels";

    private static readonly IgnoredKeys ClipCopies = new(
        "the nested object's own keys are read",
        "text_config_dict",
        "vision_config_dict",
        "logit_scale_init_value"
    );

    /// <summary>
    /// Keys that transformers may write into the configuration of any class: training, text generation, labels, and
    /// details of computing.
    /// </summary>
    public static IReadOnlyList<IgnoredKeys> Anywhere { get; } =
    [
        new(
            "training only",
            "attention_dropout",
            "attention_probs_dropout_prob",
            "classifier_dropout",
            "dropout",
            "dropout_rate",
            "hidden_dropout_prob",
            "layerdrop",
            "gradient_checkpointing",
            "initializer_factor",
            "initializer_range",
            "tf_legacy_loss",
            "problem_type",
            "finetuning_task",
            "task_specific_params"
        ),
        new(
            "of generating text",
            "bad_words_ids",
            "begin_suppress_tokens",
            "bos_token_id",
            "chunk_size_feed_forward",
            "decoder_start_token_id",
            "diversity_penalty",
            "do_sample",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "eos_token_id",
            "exponential_decay_length_penalty",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "length_penalty",
            "max_length",
            "min_length",
            "no_repeat_ngram_size",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "output_past",
            "pad_token_id",
            "prefix",
            "remove_invalid_values",
            "repetition_penalty",
            "sep_token_id",
            "suppress_tokens",
            "temperature",
            "top_k",
            "top_p",
            "typical_p",
            "use_cache"
        ),
        new(
            "which outputs a caller in Python gets",
            "output_attentions",
            "output_hidden_states",
            "output_scores",
            "return_dict",
            "return_dict_in_generate",
            "use_return_dict"
        ),
        new(
            "names and versions",
            "architectures",
            "id2label",
            "label2id",
            "model_type",
            "name_or_path",
            "tokenizer_class",
            "transformers_version",
            "auto_map",
            "torchscript"
        ),
        new("how a library in Python computes", "use_bfloat16", "attn_implementation"),
        new(
            "of decoders, which are not run",
            "add_cross_attention",
            "cross_attention_hidden_size",
            "is_encoder_decoder",
            "num_decoder_layers",
            "scale_decoder_outputs",
            "tie_encoder_decoder",
            "tie_word_embeddings"
        ),
    ];

    /// <summary>One table per class.</summary>
    public static IReadOnlyList<KnownKeys> All { get; } =
    [
        new(["CLIPTextModel", "CLIPTextModelWithProjection"], $"{ClipText} text_config")
        {
            Ignored = [ClipCopies, new("of the other tower", "vision_config")],
        },
        new(["CLIPVisionModel", "CLIPVisionModelWithProjection"], $"{ClipVision} vision_config")
        {
            Ignored = [ClipCopies, new("of the other tower", "text_config")],
        },
        new(["CLIPModel"], "projection_dim text_config vision_config") { Ignored = [ClipCopies] },
        new(
            ["T5EncoderModel", "T5ForConditionalGeneration", "T5Model", "MT5EncoderModel", "UMT5EncoderModel"],
            "vocab_size d_model d_kv d_ff num_layers num_heads relative_attention_num_buckets "
                + "relative_attention_max_distance layer_norm_epsilon feed_forward_proj is_gated_act"
                + " dense_act_fn"
        )
        {
            Ignored = [new("positions are relative", "n_positions"), new("an encoder is run", "is_decoder")],
        },
        new(
            ["BertModel", "BertForMaskedLM", "BertForPreTraining"],
            "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
                + "max_position_embeddings type_vocab_size layer_norm_eps hidden_act"
        )
        {
            Ignored = [new("of heads that are not run", "directionality", "pooler_*")],
            Limited = [new("position_embedding_type", "\"absolute\""), new("is_decoder", "false")],
        },
    ];

    /// <summary>Keys of a nested configuration (<c>text_config</c>, <c>vision_config</c>); null for other
    /// keys.</summary>
    internal static KnownKeys? Nested(string key) =>
        key switch
        {
            "text_config" => new(["CLIPTextConfig"], ClipText),
            "vision_config" => new(["CLIPVisionConfig"], ClipVision),
            _ => null,
        };
}
