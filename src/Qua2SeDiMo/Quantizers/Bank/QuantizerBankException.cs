namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>Thrown when a bank is missing, unfinished or damaged, or lacks a requested weight or option.</summary>
internal sealed class QuantizerBankException : Q2Exception
{
    internal QuantizerBankException(string message)
        : base(message) { }
}
