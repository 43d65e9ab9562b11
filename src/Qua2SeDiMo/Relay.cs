namespace Qua2SeDiMo;

/// <summary>Progress that is passed on at once and on the reporting thread, unlike <see cref="Progress{T}"/>, so that
/// lines keep their order.</summary>
internal sealed class Relay<T>(Action<T> action) : IProgress<T>
{
    public void Report(T value) => action(value);
}
