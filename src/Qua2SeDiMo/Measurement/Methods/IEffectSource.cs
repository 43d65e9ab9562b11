namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>One way to measure what every option of every weight does.</summary>
internal interface IEffectSource : IDisposable
{
    /// <summary>Images that are measured together.</summary>
    int BatchSize { get; }

    /// <summary>Measures images that follow one another.</summary>
    /// <param name="first">The first image.</param>
    /// <param name="count">How many.</param>
    /// <param name="report">Told the finished share, 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    Effects Measure(int first, int count, Action<double> report, CancellationToken cancellationToken);
}
