namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>A bank is missing, unfinished, damaged or does not hold what was asked for.</summary>
internal sealed class QuantizerBankException : Q2Exception
{
    internal QuantizerBankException(string message)
        : base(message) { }
}
