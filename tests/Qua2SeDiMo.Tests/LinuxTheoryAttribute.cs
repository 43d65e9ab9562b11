using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>A theory that needs Linux; elsewhere it is reported as skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "Needs Linux.";
    }
}
