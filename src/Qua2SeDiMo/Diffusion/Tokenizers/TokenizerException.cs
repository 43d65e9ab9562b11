namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Thrown when a tokenizer folder is incomplete, damaged or of an unsupported kind.</summary>
internal sealed class TokenizerException : Q2Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public TokenizerException(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message for the user and the error that caused it.</summary>
    public TokenizerException(string message, Exception inner)
        : base(message, inner) { }
}
