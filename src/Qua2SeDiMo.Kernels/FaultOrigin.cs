namespace Qua2SeDiMo;

/// <summary>Whom an error is to be blamed on, for work that tries many things one after the other.</summary>
public enum FaultOrigin
{
    /// <summary>
    /// What is around the thing that was tried: files, disk, permissions, memory, the model folder, the machine. Any
    /// other thing would meet the same.
    /// </summary>
    Surroundings,

    /// <summary>The thing that was tried: under equal surroundings it fails again, and another one need not.</summary>
    Subject,
}
